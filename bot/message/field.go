package message

// Field is one input of a Form. Choices and Upload say which; without them it is a text.
type Field struct {
	ID          string
	Label       string // at most 45 characters
	Description string // at most 100 characters
	Value       string // a text input: what it is filled with
	Long        bool   // a text input: several lines
	Optional    bool
	Max         int // a text input: characters, at most 4,000

	Choices []FormChoice // a select menu of at most 25, or radio buttons for 2 to 10
	Radio   bool         // they are radio buttons
	Several bool         // any number of them may be chosen
	Upload  bool         // a file; only images are offered
}

// FormChoice is one choice of a Field. Name and About have at most 100 characters.
type FormChoice struct {
	Name   string `json:"label"`
	Value  string `json:"value"`
	About  string `json:"description,omitempty"`
	Chosen bool   `json:"default,omitempty"` // when the form is opened
}

// The types of components of a form. Source: Discord, "Component Types".
const (
	typeSelect = 3
	typeInput  = 4
	typeLabel  = 18
	typeUpload = 19
	typeRadio  = 21
)

// json returns the field as a label around what is filled in.
func (f Field) json() componentJSON {
	required := !f.Optional
	in := componentJSON{CustomID: f.ID, Required: &required}
	switch {
	case f.Upload:
		in.Type, in.FileTypes = typeUpload, []string{"image"}
		in.MinValues, in.MaxValues = least(required), new(1)
	case f.Choices != nil:
		in.Type, in.Options = typeSelect, shortChoices(f.Choices)
		if f.Radio {
			in.Type = typeRadio
		} else if f.Several {
			in.MinValues, in.MaxValues = least(required), new(len(f.Choices))
		}
	default:
		in.Type, in.Style, in.Value, in.MaxLength = typeInput, 1, Shorten(f.Value, f.Max), f.Max
		if f.Long {
			in.Style = 2
		}
	}
	return componentJSON{
		Type: typeLabel, Label: Shorten(f.Label, 45), Description: Shorten(f.Description, 100), Component: &in,
	}
}

// least is how many values must be given.
func least(required bool) *int {
	if required {
		return new(1)
	}
	return new(0)
}

// shortChoices are choices as Discord takes them.
func shortChoices(all []FormChoice) (short []FormChoice) {
	for _, c := range all {
		c.Name, c.About = Shorten(c.Name, MaxChoiceLength), Shorten(c.About, MaxChoiceLength)
		short = append(short, c)
	}
	return short
}
