package admit

// Place is where a request was made and where its answer goes.
type Place struct {
	Kind           string // "guild", "thread", "dm" (with the bot) or "private" (a user-install elsewhere)
	Guild          string // empty outside guilds
	Channel        string
	AgeRestricted  bool
	BotPermissions uint64 // Discord permission bits of the bot there; all bits in a DM
	FileLimit      int64  // bytes per file
}

// Person is who asks.
type Person struct {
	ID          string
	Name        string // for display
	Roles       []string
	Permissions uint64 // Discord permission bits in this channel; 0 in a DM
	Locale      string
}

// Wanted is what was asked for, as typed. Nil means "the default". Its JSON is kept in SQL, with the names that it was
// first written with.
type Wanted struct {
	Prompt        string      `json:"Prompt"`
	Negative      *string     `json:"Negative"`
	Aspect        *string     `json:"Aspect"` // "3:2"
	Size          *string     `json:"Size"`   // "160x112"
	Seed          *int64      `json:"Seed"`
	Steps         *int        `json:"Steps"`
	GuidanceScale *float64    `json:"GuidanceScale"`
	Sampler       *string     `json:"Sampler"`
	Count         *int        `json:"Count"`
	Strength      *float64    `json:"Strength"`
	Tiling        *bool       `json:"Tiling"`   // edges that fit each other
	Notation      *string     `json:"Notation"` // "a1111" or "midjourney"; nil is told from the prompt
	Emphasis      *string     `json:"Emphasis"` // "original" or "no_norm"
	Spoiler       bool        `json:"Spoiler"`
	Init          *Attachment `json:"Init"`
	Preset        *Preset     `json:"Preset"` // settings that count where nothing else was said
}

// Attachment is an input picture as Discord describes it. Everything but the URL is a claim. Its JSON is kept in SQL.
type Attachment struct {
	ID          string `json:"ID"`
	Name        string `json:"Name"`
	URL         string `json:"URL"`
	ContentType string `json:"ContentType"`
	Size        int64  `json:"Size"`   // bytes
	Width       int    `json:"Width"`  // pixels
	Height      int    `json:"Height"` // pixels
}

// Request is what somebody wants, before any default is resolved.
type Request struct {
	ID            string // interaction snowflake
	Application   string
	Token         string // interaction token; never logged
	Verb          string // "imagine", "queue", "cancel", "limits", "button", "form", "autocomplete"
	Sub           string // subcommand, or the custom_id of a button or form
	FocusedOption string // autocomplete: the option being typed
	Place         Place
	Person        Person
	Wanted        Wanted
	Options       map[string]string // options of other commands, and the fields of a form, as text
	Message       string            // the message a button hangs on
	Files         []Attachment      // the pictures on that message
	Asker         string            // who asked for that message; empty when Discord does not say
	Ephemeral     bool              // that message is only seen by one person
}

// Policy is what a server decided. Zero numbers mean no limit.
type Policy struct {
	WaitingPerUser int // pictures waiting
	RunningPerUser int // pictures being painted
	PerUserDay     int // pictures in 24 hours
	MaxPixels      int // width x height
	MaxSteps       int
	MaxCount       int // tiles in one message
	Paused         bool
	PauseReason    string
}

// Usage is what the person has in hand at the moment of judgement, in pictures.
type Usage struct {
	Waiting int
	Running int
	Day     int
}
