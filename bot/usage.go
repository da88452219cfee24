package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"darkroom/store"
)

// books tells moderators what was painted in their server, and who changed its limits last.
func (h *handler) usageReport(ctx context.Context, server string) (string, error) {
	now := h.o.Now()
	today, err := h.db.TotalsOf(ctx, server, now)
	if err != nil {
		return "", err
	}
	week, err := h.db.TotalsOf(ctx, server, now.Add(-6*store.Day))
	if err != nil {
		return "", err
	}
	lines := []string{"", "Painted here today: " + totalsText(today), "Painted here in seven days: " + totalsText(week)}
	records, err := h.db.AuditLog(ctx, server, 1)
	if err != nil {
		return "", err
	}
	for _, a := range records {
		who := "somebody who was erased"
		if a.Actor != "" {
			who = "<@" + a.Actor + ">"
		}
		lines = append(lines, fmt.Sprintf("-# Last change by %s, <t:%d:R>", who, a.At.Unix()))
	}
	return strings.Join(lines, "\n"), nil
}

// totalsText says what was painted. What failed or was taken back is not in it.
func totalsText(s store.Totals) string {
	if s.Pictures == 0 {
		return "nothing"
	}
	took := time.Duration(s.Millis) * time.Millisecond
	if took >= time.Minute {
		took = took.Round(time.Second)
	} else {
		took = took.Round(100 * time.Millisecond)
	}
	return fmt.Sprintf("%d pictures in %v", s.Pictures, took)
}
