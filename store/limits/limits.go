// Package limits holds what a server allows and what a user has used of it. The store keeps both and bot/admit judges
// by them; neither needs to know the other.
package limits

// Policy is what a server's moderators decided. A zero number means that the server sets no limit. The store writes
// it to the audit trail as JSON, so the names of the JSON fields stay.
type Policy struct {
	WaitingPerUser int    `json:"WaitingPerUser"` // images waiting
	RunningPerUser int    `json:"RunningPerUser"` // images being rendered
	PerUserDay     int    `json:"PerUserDay"`     // images that a user may request in 24 hours
	MaxPixels      int    `json:"MaxPixels"`      // width x height
	MaxSteps       int    `json:"MaxSteps"`
	MaxCount       int    `json:"MaxCount"` // tiles in one message
	Paused         bool   `json:"Paused"`
	PauseReason    string `json:"PauseReason"`
}

// Usage is what a user has requested in a server, in images, at the moment of judgement.
type Usage struct {
	Waiting int // accepted or waiting
	Running int // being rendered
	Day     int // requested in the last day; cancelled, failed and expired ones do not count
}
