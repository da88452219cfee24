package world

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"darkroom/bot/sandbox/wire"
)

// Clocks of an interaction, by Discord's documentation.
const (
	AnswerTimeout = 3 * time.Second
	TokenLife     = 15 * time.Minute
)

// DefaultFileLimit is Discord's limit for a file where nobody has boosted, in bytes.
const DefaultFileLimit = 10 << 20

// MaxRequest is Discord's limit on all files of one message together, in bytes.
const MaxRequest = 25 << 20

// Event is one gateway dispatch. Need is the intent bit without which a
// session does not hear it; 0 means everybody hears it.
type Event struct {
	Name   string
	Intent int
	Data   any
}

// Options of a World.
type Options struct {
	DataDir   string           // where state and files are kept; "" keeps them in memory
	Now       func() time.Time // the clock of ids, deadlines and signed links; nil is time.Now
	OnEvent   func(Event)      // hears every event, in order and under the world's lock; must not block
	FileLimit int64            // bytes per file; 0 is DefaultFileLimit
}

// World is the whole state. All methods are safe for concurrent use.
type World struct {
	mu        sync.Mutex
	now       func() time.Time
	onEvent   func(Event)
	fileLimit int64
	ids       ids
	files     fileStore
	state     state
	base      string // where the CDN stands, "http://127.0.0.1:1234"
	changed   chan struct{}
	log       []Change // for watchers of the user's side, oldest first
	seq       int      // the newest change's number; begins with the time, so that runs do not share numbers
	dirty     chan struct{}
	stop      context.CancelFunc
	saver     sync.WaitGroup
	saveErr   error
	dir       string
}

// state is what survives a restart.
type state struct {
	App            wire.User                 `json:"app"`
	Token          string                    `json:"token"`
	Revoked        bool                      `json:"revoked"`
	Key            string                    `json:"key"` // signs CDN links
	Users          map[string]*wire.User     `json:"users"`
	UserOrder      []string                  `json:"user_order"`
	Permissions    map[string]uint64         `json:"standing"` // a user's permission bits
	MemberRoles    map[string][]string       `json:"member_roles,omitempty"`
	BotPermissions map[string]uint64         `json:"bot_permissions"` // by channel; absent is PermMember
	Guilds         map[string]*wire.Guild    `json:"guilds"`
	Channels       map[string]*wire.Channel  `json:"channels"`
	ChannelOrder   []string                  `json:"channel_order"`
	Commands       map[string][]wire.Command `json:"commands"` // by guild; "" is global
	Messages       map[string]*Message       `json:"messages"`
	Interactions   map[string]*Interaction   `json:"interactions"`
	Limits         map[string]int64          `json:"file_limits"` // by guild
}

// New opens a world: the one kept in DataDir, or a fresh, empty one.
func New(o Options) (*World, error) {
	w := &World{now: o.Now, onEvent: o.OnEvent, fileLimit: o.FileLimit, dir: o.DataDir,
		changed: make(chan struct{}), dirty: make(chan struct{}, 1)}
	if w.now == nil {
		w.now = time.Now
	}
	if w.onEvent == nil {
		w.onEvent = func(Event) {}
	}
	if w.fileLimit == 0 {
		w.fileLimit = DefaultFileLimit
	}
	w.ids.now = w.now
	w.seq = int(time.Now().UnixMilli())
	var err error
	if w.files, err = openFiles(o.DataDir); err != nil {
		return nil, err
	}
	if err := w.load(); err != nil {
		return nil, fmt.Errorf("read sandbox state: %w", err)
	}
	w.startSaving()
	return w, nil
}

// Close writes what has not been written yet.
func (w *World) Close() error {
	w.stop()
	w.saver.Wait()
	return w.saveErr
}

// fresh makes the state of a world nobody has lived in.
func (w *World) newState() state {
	id := w.ids.next()
	return state{
		App:   wire.User{ID: id, Username: "darkroom", Discriminator: "0", Bot: true},
		Token: id + ".sandbox." + randomHex(16), Key: randomHex(32),
		Users: map[string]*wire.User{}, Permissions: map[string]uint64{}, BotPermissions: map[string]uint64{},
		Guilds: map[string]*wire.Guild{}, Channels: map[string]*wire.Channel{},
		Commands: map[string][]wire.Command{}, Messages: map[string]*Message{},
		Interactions: map[string]*Interaction{}, Limits: map[string]int64{},
	}
}

// secret is n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// SetBase says where the CDN stands, such as "http://127.0.0.1:4321".
func (w *World) SetBase(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = url
}

// Now is the world's clock.
func (w *World) Now() time.Time { return w.now() }

// App is the bot's user; its id is the application's too.
func (w *World) App() wire.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.App
}

// AppID is the application's id.
func (w *World) AppID() string { return w.App().ID }

// Token is the bot token that this Discord gave out, without "Bot " before it.
func (w *World) Token() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Token
}

// Knows says whether a bot token is the right one and has not been revoked.
func (w *World) ValidToken(token string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return token == w.state.Token && !w.state.Revoked
}

// RevokeToken makes the bot token worthless, or good again.
func (w *World) RevokeToken(revoked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Revoked = revoked
	w.markChanged()
}

// touch wakes everybody who waits for a change and has the state written. The lock is held.
func (w *World) markChanged() {
	close(w.changed)
	w.changed = make(chan struct{})
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

// Changed is closed at the next change of anything.
func (w *World) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// Wait looks after every change until ready says yes or ctx ends.
func (w *World) Wait(ctx context.Context, ready func() bool) error {
	for {
		changed := w.Changed()
		if ready() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the sandbox: %w", context.Cause(ctx))
		case <-changed:
		}
	}
}
