package wire

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The types that may stand in each place (Discord's component reference).
var (
	selects     = []int{StringSelect, UserSelect, RoleSelect, MentionSelect, ChannelSelect}
	legacyTop   = []int{ActionRow}
	v2Top       = append([]int{Container}, inContainer...)
	inContainer = []int{ActionRow, Section, TextDisplay, MediaGallery, FileComponent, Separator}
	inRow       = append([]int{Button}, selects...)
	inSection   = []int{TextDisplay}
	accessories = []int{Button, Thumbnail}
	modalTop    = []int{ActionRow, TextDisplay, Label}
	inModalRow  = []int{TextInput}
	inLabel     = append([]int{TextInput, FileUpload, RadioGroup, CheckboxGroup, Checkbox}, selects...)
)

// placed reports whether a component may stand where it is, and adds an error if not.
func placed(f *FieldErrors, at string, c *Component, allowed []int) bool {
	if slices.Contains(allowed, c.Type) {
		return true
	}
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(slices.Sorted(slices.Values(allowed))), " ", ", "), "[]")
	f.Add(at, "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (%s,).", list)
	return false
}

// CheckComponents adds what is wrong with a message's components.
func CheckComponents(f *FieldErrors, list []Component, flags int) {
	allowed := legacyTop
	if flags&FlagComponentsV2 != 0 {
		allowed = v2Top
	} else {
		f.MaxCount("components", len(list), MaxRows)
	}
	for i := range list {
		checkPlace(f, "components."+itoa(i), &list[i], allowed)
	}
	checkIDs(f, list, "components")
	if flags&FlagComponentsV2 != 0 {
		checkTotals(f, list)
	}
}

// checkPlace checks a component of a message and what is in it.
func checkPlace(f *FieldErrors, at string, c *Component, allowed []int) {
	if !placed(f, at, c, allowed) {
		return
	}
	checkComponent(f, at, c)
	children := map[int][]int{ActionRow: inRow, Section: inSection, Container: inContainer}[c.Type]
	for i := range c.Components {
		checkPlace(f, at+".components."+itoa(i), &c.Components[i], children)
	}
	if c.Type == Section && c.Accessory != nil {
		checkPlace(f, at+".accessory", c.Accessory, accessories)
	}
}

// checkTotals checks what is limited for all components of a V2 message together. The codes are Discord's.
func checkTotals(f *FieldErrors, list []Component) {
	count, text := 0, 0
	Walk(list, "", func(_ string, c *Component) {
		count++
		if c.Type == TextDisplay {
			text += length(c.Content)
		}
	})
	if count > MaxV2 {
		f.Add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
			"A message has at most %d components, not %d.", MaxV2, count)
	}
	if text > MaxV2Text {
		f.Add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
			"Components displayable text size exceeds maximum size of %d", MaxV2Text)
	}
}

// checkIDs refuses a custom_id, or an id, that two components have.
func checkIDs(f *FieldErrors, list []Component, at string) {
	seen, ids := map[string]bool{}, map[int]bool{}
	Walk(list, at, func(at string, c *Component) {
		if c.CustomID != "" && seen[c.CustomID] {
			f.Add(at+".custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
		}
		if c.ID != 0 && ids[c.ID] {
			f.Add(at+".id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
		}
		seen[c.CustomID], ids[c.ID] = true, true
	})
}

func checkComponent(f *FieldErrors, at string, c *Component) {
	switch c.Type {
	case ActionRow:
		checkRow(f, at, c)
	case Button:
		checkButton(f, at, c)
	case StringSelect:
		checkSelect(f, at, c)
	case UserSelect, RoleSelect, MentionSelect, ChannelSelect:
		f.LengthBetween(at+".custom_id", c.CustomID, 1, MaxCustomID)
	case TextDisplay:
		f.LengthBetween(at+".content", c.Content, 1, MaxV2Text)
	default:
		checkLayout(f, at, c)
	}
}

// checkLayout checks the components that only V2 messages have.
func checkLayout(f *FieldErrors, at string, c *Component) {
	switch c.Type {
	case Section:
		checkCount(f, at+".components", len(c.Components), 1, 3)
		if c.Accessory == nil {
			f.Add(at+".accessory", "BASE_TYPE_REQUIRED", "This field is required")
		}
	case Container:
		checkCount(f, at+".components", len(c.Components), 1, MaxV2)
		if n := c.AccentColor; n != nil && (*n < 0 || *n > 0xFFFFFF) {
			f.Add(at+".accent_color", "NUMBER_TYPE_MAX", "int value should be between 0 and 16777215.")
		}
	case Separator:
		if c.Spacing < 0 || c.Spacing > 2 {
			f.Add(at+".spacing", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
		}
	case Thumbnail:
		checkMedia(f, at+".media", c.Media, "http", "https", "attachment")
		f.MaxLength(at+".description", c.Description, MaxDescription)
	case FileComponent:
		checkMedia(f, at+".file", c.File, "attachment")
	case MediaGallery:
		checkCount(f, at+".items", len(c.Items), 1, MaxGallery)
		for i, item := range c.Items {
			checkMedia(f, at+".items."+itoa(i)+".media", &item.Media, "http", "https", "attachment")
			f.MaxLength(at+".items."+itoa(i)+".description", item.Description, MaxDescription)
		}
	}
}

func checkCount(f *FieldErrors, at string, n, least, most int) {
	if n < least || n > most {
		f.Add(at, "BASE_TYPE_BAD_LENGTH", "Must be between %d and %d in length.", least, most)
	}
}

// checkMedia checks the address of a media item, which begins with one of these schemes.
func checkMedia(f *FieldErrors, at string, m *Media, schemes ...string) {
	if m == nil {
		f.Add(at, "BASE_TYPE_REQUIRED", "This field is required")
		return
	}
	u, err := url.Parse(m.URL)
	if err != nil || !slices.Contains(schemes, u.Scheme) || len(m.URL) > 2048 {
		f.Add(at+".url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('%s').", strings.Join(schemes, "', '"))
	}
}
