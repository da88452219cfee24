package message

import "fmt"

// Why a job failed, as a clause after "This could not be painted".
const (
	ReasonInputNotFetched    = "the start picture could not be fetched from Discord"
	ReasonInputGone          = "its start picture is no longer here"
	ReasonInputForeign       = "the start picture's address is not one of Discord's"
	ReasonInputAddress       = "the start picture's address cannot be read"
	ReasonInputNoImage       = "the start picture is no PNG, JPEG, WebP or GIF"
	ReasonInputTooManyPixels = "the start picture has too many pixels"
	ReasonInputAnimated      = "the start picture is an animated WebP, which I cannot read"
	ReasonInputDamaged       = "the start picture is damaged or cut off"
	ReasonRetriesUsed        = "renderers tried more than once and failed"
	ReasonUnreadable         = "its record cannot be read"
	ReasonUnreadableSettings = "its settings cannot be read by this renderer"
	ReasonTooLarge           = "the pictures are larger than Discord allows here"
	ReasonRefused            = "Discord did not take the pictures"
)

// ReasonInputRefused says that Discord did not give a start picture out.
func ReasonInputRefused(status int) string {
	return fmt.Sprintf("Discord did not hand out the start picture (HTTP %d)", status)
}

// ReasonInputTooBig says that a start picture has too many bytes.
func ReasonInputTooBig(most int64) string {
	return fmt.Sprintf("the start picture is bigger than %d MiB", most>>20)
}

// PreviewDescription is the alternative text of a preview.
const PreviewDescription = "A preview of the pictures"

// FailureReason is why a job failed as its owner reads it; the queue gives no reason when all tries were used.
func FailureReason(reason string) string {
	if reason == "" {
		return ReasonRetriesUsed
	}
	return reason
}

// Why finished pictures could be posted nowhere.
const (
	ReasonUndeliverable = "I could post neither in the channel nor in your direct messages"
	ReasonMaybePosted   = "I may have posted them already, but cannot look"
)

// NotShown tells that one of several jobs was dropped, since its message did not arrive.
func NotShown(prompt string) string {
	return "This one of your prompts was not painted, for its message did not arrive. Ask for it again:\n• " + prompt
}
