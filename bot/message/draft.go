package message

import "darkroom/bot/button"

// withFinish adds the button that finishes a draft, or one tile of it, as the first row.
func withFinish(to Address, job string, tile int, rows []Row) []Row {
	if to.Draft <= 0 {
		return rows
	}
	id := button.ID{Verb: button.Finish, Job: job, Tile: tile}
	return append([]Row{{{Style: Success, Label: to.Language.Text("Finish"), ID: id.String()}}}, rows...)
}
