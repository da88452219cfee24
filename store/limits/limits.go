// Package limits holds what a server allows and what a person has used of it. The store keeps both and bot/admit
// judges by them; neither needs to know the other.
package limits

// Policy is what a server's moderators decided. Zero numbers mean "no limit of the server's own". Its JSON is kept in
// the audit trail, with the names that it was first written with.
type Policy struct {
	WaitingPerUser int    `json:"WaitingPerUser"` // pictures waiting
	RunningPerUser int    `json:"RunningPerUser"` // pictures being painted
	PerUserDay     int    `json:"PerUserDay"`     // pictures a user may ask for in 24 hours
	MaxPixels      int    `json:"MaxPixels"`      // width x height
	MaxSteps       int    `json:"MaxSteps"`
	MaxCount       int    `json:"MaxCount"` // tiles in one message
	Paused         bool   `json:"Paused"`
	PauseReason    string `json:"PauseReason"`
}

// Usage is what a user has in hand at the moment of judgement.
type Usage struct {
	Waiting int // pictures accepted or waiting
	Running int // pictures being painted
	Day     int // pictures asked for in the last 24 hours, cancelled and failed ones not counted
}
