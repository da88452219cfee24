package message

import (
	"darkroom/bot/language"
	"darkroom/render/phrase"
	"darkroom/render/picture"
)

// Why a job failed, as a clause after "Failed". Reasons are stored in English, and put into the language of their
// message when they are shown: see Language.Stored.
const (
	ReasonInputNotFetched    = "the start image could not be downloaded from Discord"
	ReasonInputGone          = "the start image is no longer stored"
	ReasonInputForeign       = "the start image's link does not lead to Discord"
	ReasonInputAddress       = "the start image's link is not valid"
	ReasonInputNoImage       = "the start image is not a PNG, JPEG, WebP or GIF file"
	ReasonInputTooComplex    = "the start image takes too long to read: save it anew as a PNG and send that"
	ReasonInputDamaged       = "the start image is damaged or incomplete"
	ReasonMaskNotFetched     = "the mask could not be downloaded from Discord"
	ReasonMaskNoImage        = "the mask is not a PNG, JPEG, WebP or GIF file"
	ReasonMaskTooLarge       = "the mask is too large: at most 16 megapixels"
	ReasonMaskTooComplex     = "the mask takes too long to read: save it anew as a PNG and send that"
	ReasonMaskDamaged        = "the mask is damaged or incomplete"
	ReasonMaskEmpty          = "the mask marks nothing: paint white, or any colour on transparent, where it shall change"
	ReasonRetriesUsed        = "several attempts did not succeed"
	ReasonUnreadable         = "the stored request cannot be read"
	ReasonUnreadableSettings = "the renderer cannot read these settings"
	ReasonTooLarge           = "the images are larger than Discord allows here"
)

// ReasonInputRefused says that Discord refused the download of a start image.
func ReasonInputRefused(status int) string {
	return phrase.Of("Discord refused the download of the start image (HTTP %d)", status).String()
}

// ReasonInputOtherFormat says that a start image is of a format that is not read, such as "a HEIC photo".
func ReasonInputOtherFormat(format phrase.Phrase) string {
	return phrase.Of("the start image is %s: save it as a JPEG or PNG and send that", format).String()
}

// ReasonMaskOtherFormat says that a mask is of a format that is not read, such as "a HEIC photo".
func ReasonMaskOtherFormat(format phrase.Phrase) string {
	return phrase.Of("the mask is %s: save it as a PNG and send that", format).String()
}

// ReasonInputTooBig says that a start image has more than most bytes.
func ReasonInputTooBig(most int64) string {
	return phrase.Of("the start image is too large: at most %d MB", most>>20).String()
}

// ReasonInputTooManyPixels says that a start image has more than most pixels.
func ReasonInputTooManyPixels(most int) string {
	return phrase.Of("the start image is too large: at most %d megapixels", most>>20).String()
}

const reasonUpgrade = "no renderer can read this request: they need an upgrade"

// ReasonUnserved says that no renderer has a part of an image any more, or all of them together if each is there.
func ReasonUnserved(missing, all []picture.Part) string {
	if len(missing) == 0 && len(all) == 1 {
		return reasonUpgrade
	}
	if len(missing) == 0 {
		parts := Escape(picture.AllOf(all).String())
		return phrase.Of("no single renderer has all of these: %s", parts).String()
	}
	parts := Escape(picture.AnyOf(missing).String())
	return phrase.Of("no renderer has %s any more", parts).String()
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
func NotShown(l language.Language, prompt string) string {
	const skipped = "Skipped, because the message of this prompt could not be sent. Ask for it again with /imagine:"
	return l.Text(skipped) + "\n• " + prompt
}

// crashReason is written by the queue (queue/lua/states.lua).
func crashReason(crashes int) phrase.Phrase {
	return phrase.Of("the renderer crashed %d times while generating", crashes)
}
