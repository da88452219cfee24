package onnx

import (
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// sharedSession is a session of the runtime that several networks use: their graphs are the same, and each feeds its
// own weights.
type sharedSession struct {
	ort   *ort.DynamicAdvancedSession
	key   string
	users int

	recordings recordings // see graphReplays
}

// sharedSessions are those of this process, by graph and device.
var sharedSessions = struct {
	sync.Mutex
	byKey map[string]*sharedSession
}{byKey: map[string]*sharedSession{}}

// acquireSession returns the session of a key, opened by open if there is none. An empty key is nobody else's. The
// caller releases it.
func acquireSession(key string, open func() (*ort.DynamicAdvancedSession, error)) (*sharedSession, error) {
	sharedSessions.Lock() // also while one is opened, so that no second one of the key is
	defer sharedSessions.Unlock()
	if s := sharedSessions.byKey[key]; s != nil {
		s.users++
		return s, nil
	}
	opened, err := open()
	if err != nil {
		return nil, err
	}
	s := &sharedSession{ort: opened, key: key, users: 1}
	if key != "" {
		sharedSessions.byKey[key] = s
	}
	return s, nil
}

// release frees the session with its last user.
func (s *sharedSession) release() error {
	sharedSessions.Lock()
	defer sharedSessions.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	delete(sharedSessions.byKey, s.key)
	return s.ort.Destroy()
}
