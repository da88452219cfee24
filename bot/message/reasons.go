package message

import (
	"fmt"

	"darkroom/render/phrase"
	"darkroom/render/picture"
)

// Why a job failed, as a clause after "Failed".
const (
	ReasonInputNotFetched    = "the start image could not be downloaded from Discord"
	ReasonInputGone          = "the start image is no longer stored"
	ReasonInputForeign       = "the start image's link does not lead to Discord"
	ReasonInputAddress       = "the start image's link is not valid"
	ReasonInputNoImage       = "the start image is not a PNG, JPEG, WebP or GIF file"
	ReasonInputTooComplex    = "the start image takes too long to read: save it anew as a PNG and send that"
	ReasonInputDamaged       = "the start image is damaged or incomplete"
	ReasonRetriesUsed        = "several attempts did not succeed"
	ReasonUnreadable         = "the stored request cannot be read"
	ReasonUnreadableSettings = "the renderer cannot read these settings"
	ReasonTooLarge           = "the images are larger than Discord allows here"
)

// ReasonInputRefused says that Discord refused the download of a start image.
func ReasonInputRefused(status int) string {
	return fmt.Sprintf("Discord refused the download of the start image (HTTP %d)", status)
}

// ReasonInputOtherFormat says that a start image is of a format that is not read, such as "a HEIC photo".
func ReasonInputOtherFormat(format phrase.Phrase) string {
	return fmt.Sprintf("the start image is %s: save it as a JPEG or PNG and send that", format)
}

// ReasonInputTooBig says that a start image has more than most bytes.
func ReasonInputTooBig(most int64) string {
	return fmt.Sprintf("the start image is too large: at most %d MB", most>>20)
}

// ReasonInputTooManyPixels says that a start image has more than most pixels.
func ReasonInputTooManyPixels(most int) string {
	return fmt.Sprintf("the start image is too large: at most %d megapixels", most>>20)
}

// ReasonUnserved says that no renderer has a part of an image any more, or all of them together if each is there.
func ReasonUnserved(missing, all []picture.Part) string {
	if len(missing) == 0 && len(all) == 1 {
		return "no renderer can read this request: they need an upgrade"
	}
	if len(missing) == 0 {
		return "no single renderer has all of these: " + Escape(picture.AllOf(all).String())
	}
	return "no renderer has " + Escape(picture.AnyOf(missing).String()) + " any more"
}

// FailureReason is why a job failed, as its owner reads it. The worker and the queue give a reason with each failure
// (queue/worker/error.go, queue/lua/reap.lua). An empty one is described in general words.
func FailureReason(reason string) string {
	if reason == "" {
		return ReasonRetriesUsed
	}
	return reason
}

// Why finished images could not be posted.
const (
	ReasonUndeliverable = "I could not post in the channel or in your direct messages"
	ReasonMaybePosted   = "They may be posted already, but I cannot read the channel to check"
)

// NotShown says that one of several prompts was dropped, because its message could not be sent.
func NotShown(prompt string) string {
	return "Skipped, because the message of this prompt could not be sent. Ask for it again with /imagine:\n• " + prompt
}
