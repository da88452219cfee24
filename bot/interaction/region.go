package interaction

import (
	"context"
	"strconv"
	"strings"

	"darkroom/bot/command"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// maxPreviewSide is the longer side of the preview of a region, in pixels.
const maxPreviewSide = 640

// regionInputs keeps the images of a region.
type regionInputs interface {
	PutInput(ctx context.Context, sha string, data []byte) error
	TouchInputs(ctx context.Context, shas []string) error
}

// regions paints a part of an image anew. A form asks which part and with what prompt. Before anything is painted the
// person sees the part: a question, kept like that of many prompts, so that it can be answered after a restart.
type regions struct {
	imagine *imaginer
	tiles   *single // fetches them
	inputs  regionInputs
	decoder *decoder
}

// regionRequest is what of an image is painted anew. Its JSON is in SQL with that of the request.
type regionRequest struct {
	Tile  int                 `json:"tile"`
	File  request.Attachment  `json:"file"` // the image, as it is on its message
	Cells []int               `json:"cells,omitempty"`
	Mask  *request.Attachment `json:"mask,omitempty"`
	Size  *request.Size       `json:"size,omitempty"` // of the new images, if the image is larger
}

// form is the region in its form.
func (g regionRequest) form(prompt string) message.RegionForm {
	return message.RegionForm{Prompt: prompt, Cells: g.Cells, Kept: g.Mask != nil}
}

// open opens the form.
func (g *regions) open(ctx context.Context, r *responder) error {
	j, tile, err := g.imagine.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	if _, _, err := tileFile(r, j, tileNumber(r)); err != nil {
		return err
	}
	form := message.RegionForm{Prompt: tile.Prompt}.Form(r.req.Language, r.click, picture.MaxPromptRunes)
	_, err = r.respond(ctx, message.OpenForm(form))
	return err
}

// submit takes the form.
func (g *regions) submit(ctx context.Context, r *responder) error {
	j, tile, err := g.imagine.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	n := tileNumber(r)
	file, _, err := tileFile(r, j, n)
	if err != nil {
		return err
	}
	tile.Count, tile.Tiling, tile.Stop, tile.Init = picture.MaxCount, false, 0, nil
	w := permutationRequest{
		Wanted:    request.Wanted{Spoiler: j.Spoiler, Private: keepsPrivate(r, j)},
		DrawnSeed: g.imagine.seed(), Base: &tile, Parent: j.ID,
		Region: &regionRequest{Tile: n, File: file},
	}
	if tile.Hires != nil || tile.Upscale != nil {
		w.Region.Size = &request.Size{Width: tile.Width, Height: tile.Height}
	}
	return g.prepare(ctx, r, r.req.ID, w.regionEdited(r.req))
}

// regionEdited is the request with what the form of a region holds. A mask that was sent before stays.
func (w permutationRequest) regionEdited(req command.Request) permutationRequest {
	to := *w.Region
	w.Wanted.Prompt = strings.TrimSpace(req.Options[message.FieldPrompt])
	to.Cells = nil
	for text := range strings.SplitSeq(req.Options[message.FieldCells], ",") {
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= 9 {
			to.Cells = append(to.Cells, n)
		}
	}
	if file, ok := req.Uploads[message.FieldMask]; ok {
		to.Mask = &file
	}
	w.Region = &to
	return w
}

// prepare shows the region, with the question whether to paint it. If that is not possible, the person can edit the
// request. question is the id of the question.
func (g *regions) prepare(ctx context.Context, r *responder, question string, w permutationRequest) error {
	if len(w.Region.Cells) == 0 && w.Region.Mask == nil {
		return g.imagine.refuse(ctx, r, question, w, message.ErrNoRegion)
	}
	if err := postponePreview(ctx, r, question); err != nil {
		return err
	}
	shown, err := g.read(ctx, r, *w.Region)
	if err == nil {
		base := *w.Base
		base.Init = g.init(shown, base)
		w.Base = &base
		err = g.judge(ctx, r, w)
	}
	if err != nil {
		return g.imagine.refuse(ctx, r, question, w, err)
	}
	if err := g.keep(ctx, shown); err != nil {
		return err
	}
	if err := g.imagine.putQuestion(ctx, r, question, w); err != nil {
		return err
	}
	return r.replyPrivately(ctx, g.question(r.req.Language, question, w, shown))
}

// postponePreview makes time to draw the preview. One that was changed takes the place of the earlier one, whose
// buttons would mean the new region.
func postponePreview(ctx context.Context, r *responder, question string) error {
	if question == r.req.ID {
		return r.postpone(ctx, true)
	}
	return r.postponeInPlace(ctx)
}

// init is what the painting starts from.
func (g *regions) init(shown shownRegion, base picture.Spec) *picture.Init {
	init := picture.Init{Picture: input(shown.image), Mask: new(input(shown.mask))}
	if models := g.imagine.catalog.Available().Models; len(models) > 0 {
		card, _ := request.Available{Models: models}.Find(base.Model)
		init.Strength = card.Defaults.Strength
	}
	return &init
}

func input(c encode.CleanImage) picture.Input {
	return picture.Input{SHA256: c.SHA256, Width: c.Width, Height: c.Height}
}

// judge refuses what cannot be painted, before the person looks at a preview of it.
func (g *regions) judge(ctx context.Context, r *responder, w permutationRequest) error {
	all, err := w.expand(ctx, g.imagine.wildcards)
	if err != nil {
		return err
	}
	var judges []judgeFunc
	for _, wanted := range all {
		judges = append(judges, w.judge(r.req, wanted))
	}
	_, err = g.imagine.submit.check(ctx, r, judges)
	return err
}

// keep stores both images until the question is answered or too old.
func (g *regions) keep(ctx context.Context, shown shownRegion) error {
	for _, c := range []encode.CleanImage{shown.image, shown.mask} {
		if err := g.inputs.PutInput(ctx, c.SHA256, c.PNG); err != nil {
			return err
		}
	}
	return nil
}

// question is the message with the preview.
func (g *regions) question(l language.Language, id string, w permutationRequest, shown shownRegion) message.Message {
	notes := shown.notes
	if s := w.Region.Size; s != nil {
		notes = append(notes, message.RegionSmaller(s.String()))
	}
	file := message.File{Name: "region.png", Data: shown.preview, Spoiler: w.Wanted.Spoiler}
	return message.RegionQuestion(l, id, file, w.Wanted.Prompt, notes)
}

// paint paints the region of a question that was answered with yes.
func (g *regions) paint(ctx context.Context, r *responder, w permutationRequest) error {
	if w.Base.Init == nil {
		return message.ErrOldButton // its region was never shown
	}
	if err := g.inputs.TouchInputs(ctx, inputHashes(*w.Base)); err != nil { // the question will not name them any more
		return err
	}
	return g.imagine.submitConfirmed(ctx, r, w)
}
