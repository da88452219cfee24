package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
)

// The causes that end a job's context.
var (
	ErrCancelled = errors.New("a person cancelled the job")
	ErrLeaseLost = errors.New("the lease was lost")
	ErrStopping  = errors.New("the renderer is stopping")
)

// ErrHung means that rendering neither goes on nor stops. Only the end of the process ends it.
var ErrHung = errors.New("rendering hangs")

// FinalError is an error that no other try can help. Reason is a sentence for the person who asked.
type FinalError struct {
	Reason string
	Err    error
}

// Error returns the text for the log.
func (e *FinalError) Error() string { return fmt.Sprintf("%s: %v", e.Reason, e.Err) }

// Unwrap returns the cause.
func (e *FinalError) Unwrap() error { return e.Err }

// Final makes err a FinalError. Reason is a sentence for the person who asked.
func Final(reason string, err error) error { return &FinalError{Reason: reason, Err: err} }

// PanicError is a panic that was caught.
type PanicError struct {
	Value any
	Stack []byte
}

// Error names the kind of panic. Its value may contain anything, so only the runtime's own texts are shown.
func (e *PanicError) Error() string {
	if err, ok := e.Value.(runtime.Error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic with a %T", e.Value)
}

// LogValue includes the stack.
func (e *PanicError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("text", e.Error()), slog.String("stack", string(e.Stack)))
}

// catchPanic calls f and returns a panic as an error.
func catchPanic(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// isTransient tells whether an error of checking or posting may be gone at another try.
func isTransient(err error) bool {
	return !errors.As(err, new(*FinalError)) && !errors.As(err, new(*PanicError))
}

// classify returns the sentence for the person, and whether another try may help.
func classify(step string, err error) (reason string, retry bool) {
	if final, ok := errors.AsType[*FinalError](err); ok {
		return final.Reason, false
	}
	if errors.As(err, new(*PanicError)) && step == rendering {
		return reasonModelFailed, false
	}
	return failedWhile(step), true
}

// Why a job failed, for the person. They are stored in English; bot/language knows them by their text.
const (
	reasonModelFailed = "the model failed"
	reasonHung        = "the model stopped responding"
	reasonChecking    = "something went wrong while checking whether it was posted"
	reasonRendering   = "something went wrong while generating the image"
	reasonSealing     = "something went wrong while getting ready to post"
	reasonPosting     = "something went wrong while posting"
)

// failedWhile is the reason when a step failed.
func failedWhile(step string) string {
	switch step {
	case checking:
		return reasonChecking
	case rendering:
		return reasonRendering
	case sealing:
		return reasonSealing
	}
	return reasonPosting
}
