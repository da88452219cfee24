package interaction

import (
	"context"
	"time"

	"darkroom/bot/message"
	"darkroom/store"
)

// usageStore knows how much was rendered in a server and who changed its limits.
type usageStore interface {
	TotalsOf(ctx context.Context, server string, since time.Time) (store.Totals, error)
	AuditLog(ctx context.Context, server string, limit int) ([]store.AuditRecord, error)
}

// usageLines says how much was rendered in a server, and who changed its limits last.
func (l *limits) usageLines(ctx context.Context, server string) ([]string, error) {
	now := l.now()
	today, err := l.usage.TotalsOf(ctx, server, now)
	if err != nil {
		return nil, err
	}
	week, err := l.usage.TotalsOf(ctx, server, now.Add(-6*store.Day))
	if err != nil {
		return nil, err
	}
	lines := message.Usage(totals(today), totals(week))
	records, err := l.usage.AuditLog(ctx, server, 1)
	if err != nil {
		return nil, err
	}
	for _, a := range records {
		lines = append(lines, message.LastChange(a.Actor, a.At))
	}
	return lines, nil
}

func totals(t store.Totals) message.Totals {
	return message.Totals{Pictures: t.Pictures, Took: time.Duration(t.Millis) * time.Millisecond}
}
