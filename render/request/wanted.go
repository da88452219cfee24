package request

// Wanted is what was asked for, as typed. Nil means "the default". Its JSON is kept in SQL, with the names that it was
// first written with.
type Wanted struct {
	Prompt        string      `json:"Prompt"`
	Negative      *string     `json:"Negative"`
	Aspect        *string     `json:"Aspect"` // "3:2"
	Size          *string     `json:"Size"`   // "160x112"
	Seed          *int64      `json:"Seed"`   // below 0: any
	Steps         *int        `json:"Steps"`
	GuidanceScale *float64    `json:"GuidanceScale"`
	Sampler       *string     `json:"Sampler"`
	Count         *int        `json:"Count"`
	Strength      *float64    `json:"Strength"`
	Tiling        *bool       `json:"Tiling"`   // the left edge continues the right one, and the top the bottom
	Notation      *string     `json:"Notation"` // "a1111" or "midjourney"; nil is detected from the prompt
	Emphasis      *string     `json:"Emphasis"` // "original" or "no_norm"
	Spoiler       bool        `json:"Spoiler"`
	Init          *Attachment `json:"Init"`
	Resize        *string     `json:"Resize,omitempty"` // how Init is brought to another shape, see ResizeCrop
	Model         *string     `json:"Model,omitempty"`  // its name, or its name and digits of its hash: sd15@0123456789
	Addons        []string    `json:"Addons,omitempty"` // LoRAs as in a tag: "ink:0.8"; or hypernetworks: "hypernet:fog:1"
	VAE           *string     `json:"VAE,omitempty"`    // its name, or "none" for the model's own
	ClipSkip      *int        `json:"ClipSkip,omitempty"`
	ImageWeight   *float64    `json:"ImageWeight,omitempty"` // of Init, as in Midjourney: 0 leaves nothing of it
	Quality       *float64    `json:"Quality,omitempty"`     // multiplies the steps
	Stop          *int        `json:"Stop,omitempty"`        // percent of the steps after which it ends; 100 is all
	Draft         *bool       `json:"Draft,omitempty"`       // few steps first, see Resolved.Draft
	Repeat        *int        `json:"Repeat,omitempty"`      // jobs, each with seeds of its own
	SeedOffset    int64       `json:"SeedOffset,omitempty"`  // of one of them: added to the seed, see Expand
	Mask          *Attachment `json:"Mask,omitempty"`        // what of Init is painted anew
	Hires         *float64    `json:"Hires,omitempty"`       // how many times larger a second pass makes it; 1 is none
	Private       bool        `json:"Private,omitempty"`     // only who asks sees the answer

	Tiles  []Wanted `json:"-"`      // the further tiles' words, if choices gave them others: see Expand
	Preset *Preset  `json:"Preset"` // settings that count where nothing else was asked for

	// Preferences count where not even the preset says anything, the strongest first. They are not kept with a request:
	// they may have changed when it is asked again.
	Preferences []Preference `json:"-"`
}

// Attachment is an input picture as its sender describes it. Everything but the URL is a claim; zero values claim
// nothing. Its JSON is kept in SQL.
type Attachment struct {
	ID          string `json:"ID"`
	Name        string `json:"Name"`
	URL         string `json:"URL"`
	ContentType string `json:"ContentType"`
	Size        int64  `json:"Size"`   // bytes
	Width       int    `json:"Width"`  // pixels
	Height      int    `json:"Height"` // pixels
}

// Preset is settings that somebody gave a name. Nil means that it says nothing about a setting. Its JSON is kept in
// SQL.
type Preset struct {
	Words    string `json:"Words"`    // put after the prompt
	Settings Wanted `json:"Settings"` // its prompt and its pictures are not used
}

// applyTo fills what neither an option nor a flag asked for with what the preset says.
func (p Preset) applyTo(w Wanted) Wanted { return w.filledBy(p.Settings.suiting(w)) }

// suiting returns settings without those about a start image if a request has none, or if it says how much of its own
// changes.
func (w Wanted) suiting(request Wanted) Wanted {
	if request.Init == nil {
		w.Resize = nil
	}
	if request.Init == nil || request.Strength != nil || request.ImageWeight != nil {
		w.Strength, w.ImageWeight = nil, nil
	}
	return w
}

// filledBy is the request with what s asks for where it says nothing.
func (w Wanted) filledBy(s Wanted) Wanted {
	if w.Aspect == nil && w.Size == nil {
		w.Aspect, w.Size = s.Aspect, s.Size
	}
	fill(&w.Negative, s.Negative)
	fill(&w.Seed, s.Seed)
	fill(&w.Steps, s.Steps)
	fill(&w.GuidanceScale, s.GuidanceScale)
	fill(&w.Sampler, s.Sampler)
	fill(&w.Count, s.Count)
	fill(&w.Tiling, s.Tiling)
	fill(&w.Notation, s.Notation)
	fill(&w.Emphasis, s.Emphasis)
	fill(&w.VAE, s.VAE)
	fill(&w.ClipSkip, s.ClipSkip)
	fill(&w.Quality, s.Quality)
	fill(&w.Stop, s.Stop)
	fill(&w.Draft, s.Draft)
	fill(&w.Hires, s.Hires)
	if w.Addons == nil {
		w.Addons = s.Addons
	}
	if w.Strength == nil && w.ImageWeight == nil {
		w.Strength, w.ImageWeight = s.Strength, s.ImageWeight
	}
	fill(&w.Resize, s.Resize)
	return w
}

func fill[T any](field **T, preset *T) {
	if *field == nil {
		*field = preset
	}
}
