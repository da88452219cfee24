package interaction

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store"
)

// recentJobs is how many of a person's jobs tell which add-ons they used last.
const recentJobs = 20

// recentJobsOf lists a person's jobs.
type recentJobsOf interface {
	unfinished
	RecentlyEnded(ctx context.Context, user string, limit int) ([]store.Job, error)
}

// recentHashes returns the hashes of the models and add-ons that a person used, the last used first. It is only an
// order, so an error counts as none.
func recentHashes(ctx context.Context, db recentJobsOf, user string) (all []string) {
	waiting, err := db.Unfinished(ctx, user)
	if err != nil {
		return nil
	}
	ended, err := db.RecentlyEnded(ctx, user, recentJobs)
	if err != nil {
		return nil
	}
	slices.Reverse(waiting)
	for _, row := range slices.Concat(waiting, ended) {
		j, err := job.Read(row)
		if err != nil {
			continue
		}
		all = appendNew(all, []string{j.Spec.Model.Hash})
		for _, a := range j.Spec.Addons {
			all = appendNew(all, []string{a.Hash})
		}
		if v := j.Spec.VAE; v != nil {
			all = appendNew(all, []string{v.Hash})
		}
	}
	return all
}

// found is a suggestion with what decides its place.
type found struct {
	message.Choice
	recent int  // its place among those used last
	begins bool // its name begins with what was typed
}

// inOrder sorts suggestions: those used last, then those whose name begins as it was typed, then by name.
func inOrder(all []found) (choices []message.Choice) {
	slices.SortStableFunc(all, func(a, b found) int {
		first := func(x bool) int {
			if x {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.recent, b.recent), cmp.Compare(first(a.begins), first(b.begins)),
			strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	for _, f := range all {
		choices = append(choices, f.Choice)
	}
	return choices
}

// rank is the place of a hash among those used last; all others come behind them.
func rank(recent []string, hash string) int {
	if i := slices.Index(recent, hash); i >= 0 {
		return i
	}
	return len(recent)
}

// allowedModels leaves out models that are marked as NSFW, unless the channel is age-restricted.
func allowedModels(models []request.Card, ageRestricted bool) []request.Card {
	return slices.DeleteFunc(slices.Clone(models), func(c request.Card) bool { return c.NSFW && !ageRestricted })
}

// modelChoices suggests models, each by an id that means it later too.
func modelChoices(models []request.Card, recent []string, typed string) []message.Choice {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(typed)), "@")
	var all []found
	for _, m := range models {
		shown := m.Name
		if m.Family != "" {
			shown += " · " + m.Family
		}
		if m.Description != "" {
			shown += " · " + m.Description
		}
		if !strings.Contains(strings.ToLower(shown), name) {
			continue
		}
		value := m.Name
		twin := func(o request.Card) bool { return strings.EqualFold(o.Name, m.Name) && o.Hash != m.Hash }
		if slices.ContainsFunc(models, twin) {
			value = m.ID()
		}
		all = append(all, found{
			message.Choice{Name: shortChoice(shown), Value: shortValue(value, m.Hash)}, rank(recent, m.Hash),
			strings.HasPrefix(strings.ToLower(m.Name), name),
		})
	}
	return inOrder(all)
}

// addonSearch is a search for add-ons of some kinds.
type addonSearch struct {
	kinds  []string
	model  request.Card // they must fit it
	safe   bool         // those that are marked as NSFW are left out
	recent []string     // hashes of those used last
}

// choices suggests add-ons. What was typed is found in names, in what training called them, and in the words that they
// were trained with; strengths behind it are kept.
func (s addonSearch) choices(cards []request.AddonCard, typed string) []message.Choice {
	tag := prompt.ParseAddon(picture.LoRA, strings.TrimSpace(typed))
	name, strengths := searched(tag)
	var all []found
	for _, c := range cards {
		if !slices.Contains(s.kinds, c.Kind) || s.safe && c.NSFW || !c.Fits(s.model) || !hasText(c, name) {
			continue
		}
		all = append(all, found{
			addonChoice(c, strengths), rank(s.recent, c.Hash), strings.HasPrefix(strings.ToLower(c.Name), name),
		})
	}
	return inOrder(all)
}

// searched returns the name that was typed, in lower case and without digits of a hash, and the strengths behind it if
// they can be read.
func searched(tag prompt.AddonTag) (name, strengths string) {
	name, _, _ = strings.Cut(strings.ToLower(tag.Name), "@")
	use, err := tag.Use()
	if err != nil || len(tag.Args)+len(tag.Named) == 0 {
		return name, ""
	}
	if use.TextStrength != nil {
		return name, fmt.Sprintf(":%g:%g", *use.TextStrength, use.Strength)
	}
	return name, fmt.Sprintf(":%g", use.Strength)
}

func hasText(c request.AddonCard, text string) bool {
	return slices.ContainsFunc(append([]string{c.Name, c.Alias}, c.Triggers...), func(in string) bool {
		return strings.Contains(strings.ToLower(in), text)
	})
}

// addonChoice shows an add-on with its strength and the words that it was trained with. Its value is its name and
// digits of its hash, so that it means the same file when it arrives.
func addonChoice(c request.AddonCard, strengths string) message.Choice {
	value, shown := c.ID(), c.Name
	switch c.Kind {
	case picture.VAE:
		return message.Choice{Name: shortChoice(shown), Value: shortValue(value, c.Hash)}
	case picture.Hypernet:
		value, shown = "hypernet:"+value, shown+" (hypernetwork)"
	}
	if strengths == "" {
		strengths = fmt.Sprintf(":%g", cmp.Or(c.Strength, 1))
	}
	if value += strengths; utf8.RuneCountInString(value) > message.MaxChoiceLength {
		kind := map[string]string{picture.Hypernet: "hypernet:"}[c.Kind]
		value = kind + shortValue(value, c.Hash) + strengths
	}
	shown += " ×" + strings.ReplaceAll(strings.TrimPrefix(strengths, ":"), ":", "/")
	if len(c.Triggers) > 0 {
		shown += " · " + strings.Join(c.Triggers, ", ")
	}
	return message.Choice{Name: shortChoice(shown), Value: value}
}

// shortChoice is a text as the name of a suggestion has room for it.
func shortChoice(text string) string { return message.Shorten(text, message.MaxChoiceLength) }

// shortValue is a value that Discord takes: where it is too long, digits of the hash alone.
func shortValue(value, hash string) string {
	if utf8.RuneCountInString(value) <= message.MaxChoiceLength {
		return value
	}
	return "@" + hash[:min(len(hash), 16)]
}
