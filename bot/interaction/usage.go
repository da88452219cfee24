package interaction

import (
	"context"
	"time"

	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/store"
)

// usageStore knows how much was rendered in a server and who changed its limits.
type usageStore interface {
	TotalsOf(ctx context.Context, server string, since time.Time) (store.Totals, error)
	LastAct(ctx context.Context, server string, actions ...string) (store.AuditRecord, error)
}

// usageLines says how much was rendered in a server, and who changed its limits last.
func (l *limits) usageLines(ctx context.Context, in language.Language, server string) ([]string, error) {
	now := l.now()
	today, err := l.usage.TotalsOf(ctx, server, now)
	if err != nil {
		return nil, err
	}
	week, err := l.usage.TotalsOf(ctx, server, now.Add(-6*store.Day))
	if err != nil {
		return nil, err
	}
	lines := message.Usage(in, totals(today), totals(week))
	a, err := l.usage.LastAct(ctx, server, store.ActSetPolicy, store.ActResetPolicy, store.ActSetRoleWeight)
	if err == nil && a.Action != "" {
		lines = append(lines, message.LastChange(in, a.Actor, a.At))
	}
	return lines, err
}

func totals(t store.Totals) message.Totals {
	return message.Totals{Pictures: t.Pictures, Took: time.Duration(t.Millis) * time.Millisecond}
}
