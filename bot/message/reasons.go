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

// ReasonRendererLost says that the renderer ended so many times while it painted the job.
func ReasonRendererLost(times int) string {
	return fmt.Sprintf("the renderer was lost %d times while painting", times)
}

// PreviewDescription is the alternative text of a preview.
const PreviewDescription = "A preview of the pictures"
