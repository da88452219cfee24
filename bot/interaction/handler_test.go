package interaction

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/render/request"
	"darkroom/store"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		text  string
		fault bool
	}{
		{request.Refuse("Try others.", "No *%s*.", "stars"), "No \\*stars\\*.\nTry others.", false},
		{fmt.Errorf("wrapped: %w", message.ErrPosting), string(message.ErrPosting), false},
		{fmt.Errorf("accept: %w", store.ErrInputGone), string(message.ErrInputGone), false},
		{fmt.Errorf("accept: %w", context.DeadlineExceeded), string(message.ErrBusy), true},
		{fmt.Errorf("accept: %w", &pgconn.PgError{Code: "53100"}), string(message.ErrDiskFull), true},
		{fmt.Errorf("accept: %w", &pgconn.PgError{Code: "57P01"}), string(message.ErrStoreUnreachable), true},
		{errors.New("disk on fire"), "", true},
	} {
		if text, fault := explain(language.Language{}, c.err); text != c.text || fault != c.fault {
			t.Errorf("explain(%v): got %q, %v; want %q, %v", c.err, text, fault, c.text, c.fault)
		}
	}
}
