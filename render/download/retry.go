package download

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"
)

// retry repeats a request as long as another try may help. try tells whether it brought something: then the count
// begins anew.
func (c *Client) retry(ctx context.Context, try func() (bool, error)) error {
	most := c.Tries
	if most <= 0 {
		most = usualTries
	}
	ever := false
	for failed := 1; ; failed++ {
		progress, err := try()
		if progress {
			failed, ever = 1, true
		}
		wait, again := c.again(err, failed, ever)
		if !again || failed >= most || ctx.Err() != nil {
			return err
		}
		if err := c.wait(ctx, wait); err != nil {
			return err
		}
	}
}

// again tells whether another try may help, and how long to wait before it. A server that was never reached is not
// tried again: its name is wrong, or there is no network.
func (c *Client) again(err error, failed int, reached bool) (time.Duration, bool) {
	if s, ok := errors.AsType[*StatusError](err); ok {
		switch {
		case s.Code != http.StatusTooManyRequests && s.Code < 500, s.RetryAfter > c.patience():
			return 0, false
		case s.RetryAfter > 0:
			return s.RetryAfter, true
		}
		return backoff(failed), true
	}
	if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad {
		return 0, false
	}
	b, ok := errors.AsType[*BrokenError](err)
	if !ok || b.Dial && !reached {
		return 0, false
	}
	return backoff(failed), true
}

// backoff is 1, 2, 4, … seconds, at most 16.
func backoff(failed int) time.Duration { return time.Second << min(max(failed-1, 0), 4) }

func (c *Client) wait(ctx context.Context, d time.Duration) error {
	if c.Wait != nil {
		return c.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
