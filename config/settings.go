package config

import (
	"path/filepath"
	"time"
)

// Settings is the command line: one field per subcommand, of which the one named by Command was chosen and checked.
type Settings struct {
	Command string `kong:"-"` // "up", "bot", "renderer", "draw", "prompt", "models list", "models check", "line show", "line pause", "line resume", "doctor" or "version"

	Config string `name:"config" from:"DARKROOM_CONFIG" placeholder:"FILE" help:"YAML file with settings, named as the flags are."`
	Log    Log    `embed:""`

	Up       Up       `cmd:"" group:"serve" help:"Bot, renderer, queue and database in one process; a page to try it on when there is no token."`
	Bot      Bot      `cmd:"" group:"serve" help:"Only the bot."`
	Renderer Renderer `cmd:"" group:"serve" help:"Only a renderer."`
	Queue    Queue    `cmd:"" name:"line" group:"shell" help:"Show how the line stands; pause a server, a model or everything, and let it go on."`
	Draw     Draw     `cmd:"" group:"shell" help:"Paint a picture from the shell: no Discord, no Redis."`
	Prompt   Prompt   `cmd:"" group:"shell" help:"Show how a prompt is understood: weights and chunks."`
	Models   Models   `cmd:"" group:"shell" help:"List and check the model folders."`
	Doctor   Doctor   `cmd:"" group:"shell" help:"Tell what is missing on this machine, each with its fix."`
	Version  struct{} `cmd:"" group:"shell" help:"Print the version."`
}

// Log says what is logged and how.
type Log struct {
	Level  string `name:"log-level" from:"DARKROOM_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error."`
	Format string `name:"log-format" from:"DARKROOM_LOG_FORMAT" enum:"text,json" default:"text" placeholder:"FORM" help:"Form of the log on stderr: text or json."`
}

// Up is everything in one process.
type Up struct {
	Data      Data      `embed:"" group:"state"`
	Retention Retention `embed:"" group:"state"`
	Redis     Redis     `embed:"" group:"state"`
	Discord   Discord   `embed:"" group:"discord"`
	Page      Page      `embed:"" group:"discord"`
	Wildcards Wildcards `embed:"" group:"discord"`
	Runtime   Runtime   `embed:"" group:"models"`
	Worker    Worker    `embed:"" group:"models"`
	Leasing   Leasing   `embed:"" group:"line"`
}

// Bot is the bot alone.
type Bot struct {
	Data      Data      `embed:"" group:"state"`
	Retention Retention `embed:"" group:"state"`
	Redis     Redis     `embed:"" group:"state"`
	Discord   Discord   `embed:"" group:"discord"`
	Wildcards Wildcards `embed:"" group:"discord"`
	Leasing   Leasing   `embed:"" group:"line"`
}

// Renderer is a renderer alone. It knows neither the bot's token nor the database.
type Renderer struct {
	Redis   Redis   `embed:"" group:"state"`
	API     API     `embed:"" group:"discord"`
	Runtime Runtime `embed:"" group:"models"`
	Worker  Worker  `embed:"" group:"models"`
	Leasing Leasing `embed:"" group:"line"`
}

// Doctor looks at what Up would use.
type Doctor struct {
	Data    Data    `embed:"" group:"state"`
	Redis   Redis   `embed:"" group:"state"`
	Discord Discord `embed:"" group:"discord"`
	Page    Page    `embed:"" group:"discord"`
	Runtime Runtime `embed:"" group:"models"`
}

// Stand looks at the line of waiting jobs and stops parts of it.
type Queue struct {
	Show struct {
		Data  Data  `embed:"" group:"state"`
		Redis Redis `embed:"" group:"state"`
	} `cmd:"" help:"Show how many wait, which renderers are up and what is paused."`
	Pause struct {
		PauseTarget `embed:""`
		Reason      string `name:"reason" placeholder:"TEXT" help:"Why, told to everyone who waits."`
	} `cmd:"" help:"Paint nothing of a server or a model, or nothing at all; what waits keeps its place."`
	Resume struct {
		PauseTarget `embed:""`
	} `cmd:"" help:"Take a pause back."`
}

// Stop says what is paused, or goes on: everything when nothing is named.
type PauseTarget struct {
	Data   Data   `embed:"" group:"state"`
	Redis  Redis  `embed:"" group:"state"`
	Server string `name:"server" placeholder:"ID" xor:"what" help:"Only this server; dm is all direct messages."`
	Model  string `name:"model" placeholder:"NAME" xor:"what" help:"Only this model."`
}

// Data is where the truth is kept.
type Data struct {
	Dir      string `name:"data" from:"DARKROOM_DATA" default:"./data" placeholder:"DIR" help:"Directory of all state, made readable by its owner alone."`
	Database Secret `name:"database-url" from:"DATABASE_URL" placeholder:"URL" help:"Database, sqlite:PATH or, for several bots, postgres://USER:PASSWORD@HOST/NAME; darkroom.db in the data directory when empty."`
}

// Memory is how long is remembered what nobody needs any more.
type Retention struct {
	ForgetAfter time.Duration `name:"forget-after" from:"DARKROOM_FORGET_AFTER" default:"720h" range:"0s..87600h" placeholder:"TIME" help:"How long after a server removed the bot all that is kept about it is forgotten; 0s keeps it for ever."`
}

// Redis is where the line of waiting jobs is kept.
type Redis struct {
	URL  Secret `name:"redis-url" from:"REDIS_URL" placeholder:"URL" help:"Redis server, redis://HOST:PORT/0. Without one, up keeps the line in its own memory."`
	Pool string `name:"pool" from:"DARKROOM_POOL" default:"main" placeholder:"NAME" help:"Name of the line on that server: renderers serve bots of the same name."`
}

// API is where Discord's REST interface is.
type API struct {
	Base string `name:"discord-api" from:"DARKROOM_DISCORD_API" default:"https://discord.com/api/v10" hidden:"" help:"Base of Discord's REST interface; another one for tests."`
}

// Discord is how the bot reaches Discord.
type Discord struct {
	Token     Secret `kong:"-"` // from DISCORD_TOKEN or the file, never from a flag: other users of a machine can read those
	TokenFile string `name:"discord-token-file" from:"DISCORD_TOKEN_FILE" placeholder:"FILE" help:"File that holds the bot's token, when it is not in $$DISCORD_TOKEN. A token on the command line could be read by others."`
	API       API    `embed:""`
}

// Words is what prompts may name.
type Wildcards struct {
	Dir string `name:"wildcards" from:"DARKROOM_WILDCARDS" placeholder:"DIR" help:"Folder of wildcards: what __animals/birds__ in a prompt stands for is a line of animals/birds.txt; wildcards in the data directory when empty."`
}

// Folder returns where wildcards are.
func (w Wildcards) Folder(d Data) string {
	if w.Dir != "" {
		return w.Dir
	}
	return filepath.Join(d.Dir, "wildcards")
}

// Page is the small Discord of our own that up opens when there is no token.
type Page struct {
	Listen string   `name:"listen" from:"DARKROOM_LISTEN" default:"127.0.0.1:8790" placeholder:"HOST:PORT" help:"Where the page listens when there is no token; this machine only."`
	Hosts  []string `name:"page-host" from:"DARKROOM_PAGE_HOST" placeholder:"HOST" help:"Host name by which the page may be asked for from outside, as from outside a container; only then may it listen beyond this machine. Whoever reaches the page can write as anybody on it."`
}

// Runtime is what painting needs of the machine.
type Runtime struct {
	Ort       string `name:"ort" from:"ONNXRUNTIME_LIB" placeholder:"FILE" help:"ONNX Runtime library; looked for beside the program when empty."`
	Device    Device `name:"device" from:"DARKROOM_DEVICE" default:"cpu" placeholder:"cpu|cuda:N" help:"What paints: cpu or cuda:N."`
	Threads   int    `name:"threads" from:"DARKROOM_THREADS" default:"0" range:"0..256" placeholder:"N" help:"Threads on the CPU; 0 takes one per core."`
	Prefer    string `name:"prefer" from:"DARKROOM_PREFER" enum:"steps,start" default:"steps" placeholder:"WHAT" help:"What counts more on the CPU: the fastest steps, or a start within a second that leaves weights in their files and memory free."`
	ModelsDir string `name:"models" from:"DARKROOM_MODELS" default:"./models" placeholder:"DIR" help:"Directory whose folders are models; the demo model is built in."`
}

// Offer is what a renderer offers to the line.
type Worker struct {
	Models []string `name:"model" from:"DARKROOM_MODEL" placeholder:"NAME" help:"Offer only this model; may be repeated. All of them when empty."`
	Batch  int      `name:"batch" from:"DARKROOM_BATCH" default:"0" range:"0..16" placeholder:"N" help:"Jobs of one size, sampler and number of steps that are painted at once; 0 takes 4 on a GPU and 1 on the CPU, which gains nothing by more."`
	Slot   string   `name:"slot" from:"DARKROOM_SLOT" placeholder:"NAME" help:"This renderer's name in the line; the host's name and process number when empty."`
}

// Line is how jobs are lent. Bot and renderers of one pool should agree on it.
type Leasing struct {
	Lease       time.Duration `name:"lease" from:"DARKROOM_LEASE" default:"30s" range:"500ms..10m" placeholder:"TIME" help:"How long a job is lent before it is taken for lost."`
	Heartbeat   time.Duration `name:"beat" from:"DARKROOM_BEAT" default:"8s" range:"100ms..3m" placeholder:"TIME" help:"How often a renderer says that it still paints; less than a third of the lease."`
	Grace       time.Duration `name:"grace" from:"DARKROOM_GRACE" default:"15s" range:"1s..10m" placeholder:"TIME" help:"How long a picture may still be painted after a stop."`
	HangTimeout time.Duration `name:"hang" from:"DARKROOM_HANG" default:"2m" range:"1s..6h" placeholder:"TIME" help:"How long a painting may stand still, at least, before its renderer is taken for hung and starts itself anew; or twice the picture's estimate, if that is longer."`
}

// Draw is a picture from the shell.
type Draw struct {
	Prompt      string   `arg:"" help:"What to paint; (word:1.2) weighs, {a|b} chooses by the seed. Flags as in /imagine may stand at its end: --ar 3:2, --no fog, --seed 5, --steps 20, --tile."`
	Negative    *string  `name:"negative" placeholder:"TEXT" help:"What to keep out; the model's own when left out."`
	Seed        *int64   `name:"seed" placeholder:"N" help:"Seed of the first picture; random when left out or -1."`
	Steps       *int     `name:"steps" placeholder:"N" help:"Steps; the model's own number when left out."`
	FewSteps    bool     `name:"few-steps" help:"In a hurry: the model's own settings for few steps; others asked for still count."`
	Cfg         *float64 `name:"cfg" placeholder:"X" help:"Guidance scale; the model's own when left out."`
	Sampler     string   `name:"sampler" placeholder:"NAME" help:"Sampler, by our name (dpmpp_2m_karras) or A1111's (\"DPM++ 2M Karras\"); the model's own when left out."`
	Eta         *float64 `name:"eta" placeholder:"X" help:"Share of noise in each step, from 0 to 1; the sampler's own when left out."`
	Rescale     float64  `name:"rescale" default:"0" placeholder:"X" help:"How much of the contrast that guidance adds is taken back, from 0 to 1."`
	SeedDelta   int64    `name:"ensd" default:"0" placeholder:"N" help:"Added to the seed of the noise within the steps: A1111's ENSD."`
	SeedSize    *Size    `name:"seed-size" placeholder:"WxH" help:"Size whose starting noise is kept in the middle: A1111's seed resize."`
	ClipSkip    int      `name:"clip-skip" default:"1" range:"1..12" placeholder:"N" help:"Text encoder's layer to read, counted from the one the model was trained with."`
	Size        *Size    `name:"size" placeholder:"WxH" help:"Size in pixels; the model's own when left out."`
	Count       int      `name:"count" default:"1" range:"1..64" placeholder:"N" help:"Pictures; each has the next seed."`
	Model       string   `name:"model" placeholder:"DIR" help:"Model folder, or a name in --models; the built-in demo when empty."`
	Dialect     string   `name:"dialect" enum:",diffusers,a1111" default:"" placeholder:"NAME" help:"Numeric conventions, diffusers or a1111; the model's own when left out."`
	Notation    string   `name:"notation" enum:",a1111,midjourney" default:"" placeholder:"NAME" help:"How the prompt is read, a1111 or midjourney (hot::2 dog); told from the prompt when left out."`
	Wildcards   string   `name:"wildcards" from:"DARKROOM_WILDCARDS" default:"./data/wildcards" placeholder:"DIR" help:"Folder of wildcards: what __name__ in the prompt stands for."`
	Emphasis    string   `name:"emphasis" enum:"original,no_norm" default:"original" placeholder:"KIND" help:"What (word:1.2) does to the words beside it: original keeps all of them together as strong, no_norm leaves the others as they are."`
	Tile        bool     `name:"tile" help:"Edges that fit each other, for patterns."`
	Init        string   `name:"init" placeholder:"FILE" help:"Picture to start from."`
	Mask        string   `name:"mask" placeholder:"FILE" help:"With --init: white is painted anew, black stays."`
	Strength    *float64 `name:"strength" placeholder:"X" help:"With --init: how much is painted anew, from 0 to 1."`
	Out         string   `name:"out" short:"o" default:"." placeholder:"FILE|DIR" help:"Where the pictures go."`
	JSON        bool     `name:"json" help:"Print one JSON object per picture: file, seed, size, seconds by stage."`
	SaveLatents string   `name:"save-latents" placeholder:"FILE" help:"Write the finished latents as .npy."`
	Latents     string   `name:"latents" placeholder:"FILE" help:"Start from this standard normal noise (.npy) instead of what the seed draws."`
	Runtime     Runtime  `embed:"" group:"models"`
}

// Prompt shows a prompt.
type Prompt struct {
	Prompt    string `arg:"" help:"The prompt."`
	JSON      bool   `name:"json" help:"Print [[text, weight], ...]."`
	Seed      int64  `name:"seed" default:"0" placeholder:"N" help:"Seed that makes the choices in {a|b} and __name__."`
	Notation  string `name:"notation" enum:",a1111,midjourney" default:"" placeholder:"NAME" help:"How it is read, a1111 or midjourney (hot::2 dog); told from the prompt when left out."`
	Wildcards string `name:"wildcards" from:"DARKROOM_WILDCARDS" default:"./data/wildcards" placeholder:"DIR" help:"Folder of wildcards."`
	Model     string `name:"model" placeholder:"DIR" help:"Model folder whose words count, or a name in --models; the built-in demo when empty."`
	ModelsDir string `name:"models" from:"DARKROOM_MODELS" default:"./models" placeholder:"DIR" help:"Directory whose folders are models."`
}

// Models looks at model folders.
type Models struct {
	List struct {
		Runtime Runtime `embed:"" group:"models"`
	} `cmd:"" help:"List the models that a renderer here would offer."`
	Check struct {
		Folder  string  `arg:"" optional:"" help:"Model folder, or a name in --models; all of them when left out."`
		Runtime Runtime `embed:"" group:"models"`
	} `cmd:"" help:"Load models and tell what is wrong with them."`
}
