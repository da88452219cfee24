package world

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"darkroom/bot/sandbox/blob"
	"darkroom/bot/sandbox/snowflake"
	"darkroom/bot/sandbox/wire"
)

// Time limits of an interaction, from Discord's documentation: for the first response, and for the token.
const (
	AnswerTimeout = 3 * time.Second
	TokenLife     = 15 * time.Minute
)

// DefaultFileLimit is Discord's limit for one file in a guild without boosts, in bytes.
const DefaultFileLimit = 10 << 20

// MaxRequest is Discord's limit on all files of one request together, in bytes, where one file may not have more. A
// message may get more files by further requests.
const MaxRequest = 25 << 20

// Event is one gateway dispatch.
type Event struct {
	Name   string
	Intent int // the intent bit that a session needs to receive it; 0 for none
	Data   any
}

// Options of a World.
type Options struct {
	DataDir   string           // the folder of state and files; "" keeps them in memory
	Now       func() time.Time // the clock of ids, deadlines and signed links; nil is time.Now
	OnEvent   func(Event)      // receives every event, in order and under the World's lock; must not block
	FileLimit int64            // bytes per file; 0 is DefaultFileLimit
}

// World is the whole state of a sandbox. All methods are safe for concurrent use.
type World struct {
	mu        sync.Mutex
	now       func() time.Time
	onEvent   func(Event)
	fileLimit int64
	ids       snowflake.Generator
	files     blob.Store
	state     state
	base      string // the CDN's base URL, such as "http://127.0.0.1:1234"
	changed   chan struct{}
	log       []Change // the newest changes, oldest first
	seq       int      // the newest change's number; starts with the time, so that two runs share no numbers
	dirty     chan struct{}
	stop      func()
	saver     sync.WaitGroup
	saveErr   error
	dir       string

	deletedNonces map[nonceKey]time.Time // when the bot's deleted messages were posted, by their nonce
}

// state is what state.json holds.
type state struct {
	App            wire.User                 `json:"app"`
	Token          string                    `json:"token"`
	Revoked        bool                      `json:"revoked"`
	Key            string                    `json:"key"` // signs CDN links
	Users          map[string]*wire.User     `json:"users"`
	UserOrder      []string                  `json:"user_order"`
	Permissions    map[string]uint64         `json:"standing"` // a user's permission bits
	MemberRoles    map[string][]string       `json:"member_roles,omitempty"`
	Locales        map[string]string         `json:"locales,omitempty"` // by user
	BotPermissions map[string]uint64         `json:"bot_permissions"`   // by channel; PermMember where absent
	Guilds         map[string]*wire.Guild    `json:"guilds"`
	Channels       map[string]*wire.Channel  `json:"channels"`
	ChannelOrder   []string                  `json:"channel_order"`
	Commands       map[string][]wire.Command `json:"commands"` // by guild; "" is global
	Messages       map[string]*Message       `json:"messages"`
	Interactions   map[string]*Interaction   `json:"interactions"`
	Limits         map[string]int64          `json:"file_limits"`          // by guild
	ClosedDMs      map[string]bool           `json:"closed_dms,omitempty"` // users who take no direct messages of the bot
}

// New opens the World that DataDir holds, or a new, empty one.
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
	w.ids.Now = w.now
	w.seq = int(time.Now().UnixMilli())
	var err error
	if w.files, err = blob.Open(o.DataDir); err != nil {
		return nil, err
	}
	if err := w.load(); err != nil {
		return nil, fmt.Errorf("read sandbox state: %w", err)
	}
	w.startSaving()
	return w, nil
}

// Close saves the state and stops the World.
func (w *World) Close() error {
	w.stop()
	w.saver.Wait()
	return w.saveErr
}

// newState returns the state of an empty World.
func (w *World) newState() state {
	id := w.ids.Next()
	return state{
		App:   wire.User{ID: id, Username: "darkroom", Discriminator: "0", Bot: true},
		Token: id + ".sandbox." + randomHex(16), Key: randomHex(32),
		Users: map[string]*wire.User{}, Permissions: map[string]uint64{}, BotPermissions: map[string]uint64{},
		Guilds: map[string]*wire.Guild{}, Channels: map[string]*wire.Channel{},
		Commands: map[string][]wire.Command{}, Messages: map[string]*Message{},
		Interactions: map[string]*Interaction{}, Limits: map[string]int64{},
	}
}

// randomHex returns n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// SetBase sets the CDN's base URL, such as "http://127.0.0.1:4321".
func (w *World) SetBase(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = url
}

// Now returns the time of the World's clock.
func (w *World) Now() time.Time { return w.now() }

// App returns the bot's user. Its id is also the application's id.
func (w *World) App() wire.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.App
}

// AppID returns the application's id.
func (w *World) AppID() string { return w.App().ID }

// Token returns the bot token, without the prefix "Bot ".
func (w *World) Token() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Token
}

// ValidToken reports whether a bot token is right and not revoked.
func (w *World) ValidToken(token string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return token == w.state.Token && !w.state.Revoked
}

// RevokeToken revokes the bot token, or makes it valid again.
func (w *World) RevokeToken(revoked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Revoked = revoked
	w.markChanged()
}

// markChanged wakes everybody who waits for a change, and requests a save. The lock is held.
func (w *World) markChanged() {
	close(w.changed)
	w.changed = make(chan struct{})
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

// Changed returns a channel that is closed at the next change.
func (w *World) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// Wait calls ready now and after every change until it returns true or ctx ends.
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
