package interaction

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/render/request"
	"darkroom/store"
)

const (
	// HandlerTimeout bounds all work for one interaction, including the copy of a start image.
	HandlerTimeout = 2 * time.Minute
	// shutdownGrace is how long interactions may continue when the bot is stopped.
	shutdownGrace = 10 * time.Second
	// TokenLife is how long an interaction's token is valid. Source: Discord, receiving-and-responding.
	TokenLife = 15 * time.Minute
	// acceptTimeout is how long it may take to store a job. The rest of Discord's three seconds is for the answer.
	acceptTimeout = 1500 * time.Millisecond
	// answerReserve is how much of Discord's three seconds is left for sending the answer, however old the interaction is.
	answerReserve = 300 * time.Millisecond
)

// Store is what interactions need of the database.
type Store interface { //nolint:interfacebloat // the sum of what its parts need
	acceptance
	acknowledgements
	cancellations
	settingsReader
	preferenceStore
	serverSettingsStore
	presets
	recentJobsOf
	family
	questions
	doneJobs
	regionInputs
	inboxes
	limitStore
	usageStore
	quotaStore
	personalData
	sharedPosts
}

// Queue is what interactions need of the queue.
type Queue interface {
	cancelQueue
	snapshots
}

// catalog knows what can be rendered and what it costs.
type catalog interface {
	Available() request.Available
	Await(ctx context.Context) request.Available
	NoRenderers() bool
	Estimate(s picture.Spec) int64
	showcases
}

// outbox brings jobs into the queue.
type outbox interface {
	enqueuer
	policyApplier
	AgreedEpoch(ctx context.Context) (int64, error)
}

// delivery keeps the messages of jobs true.
type delivery interface {
	firstMessages
	ShowCancelled(j job.Job)
	JobRemoved()
	Status(s queue.Snapshot, j queue.JobStatus, estimates map[string]queue.Estimate) message.QueueStatus
}

// fetcher downloads attachments; rest.Fetcher is one.
type fetcher interface {
	Allows(address string) bool
	Fetch(ctx context.Context, address string, most int64) ([]byte, error)
}

// Options are the parts of a Handler. All are required.
type Options struct {
	Store    Store
	Queue    Queue
	Discord  *rest.Client
	Fetcher  fetcher
	Catalog  catalog
	Outbox   outbox
	Delivery delivery
	// Claim tells whether this bot, of several on one database, is the one that does the task called name.
	Claim func(ctx context.Context, name string, span time.Duration) (bool, error)

	Workers   int               // interactions that are handled at once
	Plain     bool              // new messages of jobs have the older form, and are no cards
	Wildcards dynamic.Wildcards // what __names__ in prompts stand for
	Seed      func() int64      // draws seeds
	Now       func() time.Time
	Log       *slog.Logger
}

// action answers one kind of interaction.
type action func(ctx context.Context, r *responder) error

// Handler answers interactions.
type Handler struct {
	o        Options
	commands map[string]action
	buttons  map[button.Verb]action
	forms    map[button.Verb]action
	direct   *directMessages
	token    *sharedToken
	ages     *ages
	used     *usedButtons
	encodes  chan struct{} // see responder
}

// New returns a Handler.
func New(o Options) *Handler {
	clicks := &clicks{db: o.Store}
	submit := newSubmitter(o)
	used := newUsedButtons(o.Discord, o.Log)
	imagine := &imaginer{
		submit: submit, db: o.Store, clicks: clicks, catalog: o.Catalog, wildcards: o.Wildcards, seed: o.Seed,
		allowsLink: o.Fetcher.Allows,
	}
	cancel := &canceller{
		clicks: clicks, db: o.Store, queue: o.Queue, outbox: o.Outbox, delivery: o.Delivery, log: o.Log,
	}
	singles := &single{clicks: clicks, fetcher: o.Fetcher, used: used, plain: o.Plain}
	imagine.region = &regions{imagine: imagine, tiles: singles, inputs: o.Store, decoder: newDecoder()}
	inbox := &inbox{db: o.Store, submit: submit, now: o.Now}
	repaint := &repainter{clicks: clicks, submit: submit, seed: o.Seed, inbox: inbox, used: used}
	person := &personal{db: o.Store, cancel: cancel, now: o.Now}
	details := &info{clicks, o.Catalog, o.Store}
	return (&Handler{
		o: o, direct: newDirectMessages(o), token: newSharedToken(o.Now, o.Log), used: used, encodes: make(chan struct{}, 1),
		ages: &ages{discord: o.Discord, catalog: o.Catalog, now: o.Now, log: o.Log, known: map[string]knownAge{}},
		commands: map[string]action{
			"imagine": imagine.imagine,
			"queue":   (&queueReport{queue: o.Queue, db: o.Store, delivery: o.Delivery, log: o.Log}).show,
			"info":    (&quota{db: o.Store, catalog: o.Catalog}).show, "help": newHelp(o).open,
			"cancel": cancel.command, "inbox": inbox.list, "preset": (&presetCommands{db: o.Store}).run, "mydata": person.run,
			"limits":             (&limits{db: o.Store, usage: o.Store, outbox: o.Outbox, now: o.Now, log: o.Log}).run,
			"show":               newShowAgain(o, clicks, imagine).run,
			command.OnMessage:    (&messageCommands{details, imagine, repaint, o.Store}).run,
			command.Autocomplete: (&autocompletion{catalog: o.Catalog, db: o.Store}).run,
		},
		buttons: map[button.Verb]action{
			button.Reroll: repaint.reroll, button.Vary: repaint.vary, button.Upscale: repaint.upscale, button.Zoom: repaint.zoom,
			button.Pan: repaint.pan, button.Show: repaint.show, button.Remix: imagine.openRemix, button.Example: imagine.example,
			button.Permute: imagine.answerQuestion, button.Cancel: cancel.button, button.Forget: person.eraseMe,
			button.Private: submit.private.answer, button.Share: newSharing(o, clicks).share, button.Single: singles.post,
			button.Region: imagine.region.open, button.Info: details.show, button.Square: repaint.square,
			button.Finish: repaint.finish, button.More: (&more{clicks}).open, button.Help: newHelp(o).pick,
			button.Words: (&knownWords{o.Catalog}).show, button.Delete: (&deletion{clicks}).run,
		},
		forms: forms(imagine, repaint),
	}).withSettings(imagine, repaint)
}

func newShowAgain(o Options, clicks *clicks, imagine *imaginer) *showAgain {
	return &showAgain{
		clicks: clicks, db: o.Store, fetcher: o.Fetcher, plain: o.Plain,
		pictures: &knownPictures{db: o.Store, imagine: imagine, fetcher: o.Fetcher},
	}
}

func newSubmitter(o Options) *submitter {
	s := &submitter{
		db: o.Store, catalog: o.Catalog, outbox: o.Outbox, delivery: o.Delivery, discord: o.Discord, plain: o.Plain,
		now: o.Now, log: o.Log,
	}
	s.private = &privateQuestions{db: o.Store, inputs: o.Store, submit: s}
	return s
}

// forms are the actions of forms, by the verbs of the buttons that open them.
func forms(imagine *imaginer, repaint *repainter) map[button.Verb]action {
	return map[button.Verb]action{
		button.Remix: imagine.remix, button.Permute: imagine.submitEditedPrompt, button.Zoom: repaint.zoomCustom,
		button.Upscale: repaint.submitUpscale, button.Region: imagine.region.submit,
	}
}

// Serve handles the requests that take returns, several at once, until take returns none. It finishes those that it
// began.
func (h *Handler) Serve(ctx context.Context, take func(context.Context) (command.Request, bool)) error {
	var g errgroup.Group
	for range h.o.Workers {
		g.Go(func() error {
			for {
				req, ok := take(ctx)
				if !ok {
					return nil
				}
				h.handle(ctx, req)
			}
		})
	}
	return g.Wait()
}

// handle answers one interaction. After any error or panic, the person gets an answer too. It continues for a moment
// when the bot is stopped.
func (h *Handler) handle(parent context.Context, req command.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), HandlerTimeout)
	defer cancel()
	defer context.AfterFunc(parent, func() { time.AfterFunc(shutdownGrace, cancel) })()
	if h.token.quiet() {
		return
	}
	mine, sure := h.claimed(ctx, req)
	if !mine {
		return
	}
	h.ages.settle(ctx, &req.Place)
	r := &responder{discord: h.o.Discord, req: req, now: h.o.Now, encodes: h.encodes}
	if sure {
		r.lost = h.token.lost
	}
	defer func() {
		if p := recover(); p != nil {
			h.reportError(ctx, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	h.readSettings(ctx, r)
	if err := h.route(ctx, r); err != nil {
		h.reportError(ctx, r, err)
	}
}

// claimed tells whether this bot answers: if several bots on one database hear the same event, the first one does.
// Suggestions are not claimed. If the claim fails, every bot answers and Discord takes the first answer. sure tells
// that no other bot of this database answers.
func (h *Handler) claimed(ctx context.Context, req command.Request) (mine, sure bool) {
	if req.Verb == command.Autocomplete {
		return true, false
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	claimed, err := h.o.Claim(ctx, "interaction:"+req.ID, TokenLife)
	return claimed || err != nil, err == nil
}

// route runs the action of an interaction.
func (h *Handler) route(ctx context.Context, r *responder) (err error) {
	actions := h.buttons
	switch r.req.Verb {
	case command.Button:
	case command.Form:
		actions = h.forms
	default:
		if run := h.commands[r.req.Verb]; run != nil {
			return run(ctx, r)
		}
		return message.ErrUnknownInteraction
	}
	if r.click, err = button.Parse(r.req.Sub); err != nil {
		return message.ErrOldButton
	}
	if err := h.authentic(ctx, r); err != nil {
		return err
	}
	if run := actions[r.click.Verb]; run != nil {
		return run(ctx, r)
	}
	return message.ErrOldButton
}

// authentic refuses a click that nobody could have made with the buttons that Discord showed: a changed client can send
// the custom_id of any job with any message that it sees. So whatever a handler does to the message of a click, it does
// to a message of that job, and what it shows belongs to a message that the person sees.
//
// A form may be older than the message, which has lost its buttons since. What was typed into it is taken if the job is
// the person's own, because it is answered by a new message. A question that lost its buttons was answered.
func (h *Handler) authentic(ctx context.Context, r *responder) error {
	switch {
	case r.req.Genuine:
		return nil
	case r.req.Verb != command.Form:
		return message.ErrOldButton
	case !slices.Contains([]button.Verb{button.Remix, button.Upscale, button.Reroll, button.Vary}, r.click.Verb):
		return message.ErrQuestionGone
	}
	row, err := h.o.Store.Find(ctx, r.click.Job)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && row.User == r.req.Person.ID {
		return nil
	}
	return openedRemix(ctx, h.o.Store, r)
}
