package admit

import "darkroom/render/request"

// The names that these things had before they moved to render/request.
type (
	Wanted     = request.Wanted
	Preset     = request.Preset
	Attachment = request.Attachment
	Size       = request.Size
	Defaults   = request.Defaults
	Words      = request.Words
	Model      = request.Card
	Available  = request.Available
	Resolved   = request.Resolved
	InitImage  = request.InitImage
	Refusal    = request.Refusal
)

// The limits of start pictures, see render/request.
const (
	MaxInputBytes  = request.MaxInputBytes
	MaxInputPixels = request.MaxInputPixels
)

// ParseSize is request.ParseSize.
func ParseSize(text string) (Size, bool) { return request.ParseSize(text) }
