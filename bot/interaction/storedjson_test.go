package interaction

import (
	"encoding/json"
	"reflect"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/request"
)

// TestStoredJSON holds the names that the JSON of questions has in SQL. The rest of what is stored is held in package
// catalog and in cmd/darkroom.
func TestStoredJSON(t *testing.T) {
	t.Parallel()
	text, number, share, yes, seed := "fog", 9, 6.5, true, int64(77)
	settings := request.Wanted{
		Prompt: "a {red, blue} boat", Negative: &text, Aspect: &text, Size: &text, Seed: &seed, Steps: &number,
		GuidanceScale: &share, Sampler: &text, Count: &number,
		Strength: &share, Tiling: &yes, Notation: &text, Emphasis: &text, Spoiler: true,
		Init: &request.Attachment{
			ID: "1", Name: "me.png", URL: "https://cdn.discordapp.com/a", ContentType: "image/png", Size: 5, Width: 4, Height: 3,
		},
		Resize: &text, Model: &text, Addons: []string{"ink:0.8"}, VAE: &text,
		Mask: &request.Attachment{ID: "2"}, Hires: &share, Private: true,
	}
	whole := settings
	whole.Preset = &request.Preset{Words: "in oils", Settings: settings}
	const said = `"Prompt":"a {red, blue} boat","Negative":"fog","Aspect":"fog","Size":"fog","Seed":77,"Steps":9,` +
		`"GuidanceScale":6.5,"Sampler":"fog","Count":9,` +
		`"Strength":6.5,"Tiling":true,"Notation":"fog","Emphasis":"fog","Spoiler":true,` +
		`"Init":{"ID":"1","Name":"me.png","URL":"https://cdn.discordapp.com/a","ContentType":"image/png","Size":5,` +
		`"Width":4,"Height":3},"Resize":"fog","Model":"fog","Addons":["ink:0.8"],"VAE":"fog",` +
		`"Mask":{"ID":"2","Name":"","URL":"","ContentType":"","Size":0,"Width":0,"Height":0},"Hires":6.5,"Private":true`
	const spec = `{"v":2,"dialect":"","notation":"","model":{"name":"","hash":""},"prompt":"red","negative":"",` +
		`"width":0,"height":0,"seed":0,"count":0,"steps":0,"guidance_scale":0,"sampler":""}`
	for name, c := range map[string]struct {
		value, empty any
		json         string
	}{
		"a question": {&permutationRequest{
			Wanted: whole, DrawnSeed: 5, Base: &picture.Spec{Version: 2, Prompt: "red"}, Parent: "1-0", Confirmed: false,
			TypedCount: "some", Vary: 0.6, Tile: 2,
		}, new(permutationRequest),
			`{"wanted":{` + said + `,"Preset":{"Words":"in oils","Settings":{` + said + `,"Preset":null}}},` +
				`"drawn":5,"base":` + spec + `,"parent":"1-0","typed_count":"some","vary":0.6,"tile":2}`},
		"a region": {&regionRequest{
			Tile: 2, File: request.Attachment{ID: "1"}, Cells: []int{1, 9}, Mask: &request.Attachment{ID: "2"},
			Size: &request.Size{Width: 64, Height: 48},
		}, new(regionRequest),
			`{"tile":2,"file":{"ID":"1","Name":"","URL":"","ContentType":"","Size":0,"Width":0,"Height":0},"cells":[1,9],` +
				`"mask":{"ID":"2","Name":"","URL":"","ContentType":"","Size":0,"Width":0,"Height":0},` +
				`"size":{"width":64,"height":48}}`},
		"a private question": {&askedPrivate{Jobs: []askedJob{{
			Spec: json.RawMessage("{}"), Verb: "imagine", Notes: &askedNotes{
				Notes: []string{"Changed."}, UnknownWords: []string{"fogg"}, Nearest: []request.Near{{Unknown: "fogg"}},
				Examples: []int{1},
			},
		}}}, new(askedPrivate),
			`{"private":[{"spec":{},"verb":"imagine","notes":{"notes":["Changed."],"unknown_words":["fogg"],` +
				`"nearest":[{"unknown":"fogg"}],"examples":[1]}}]}`},
		"a private request": {&askedPrivate{Jobs: []askedJob{{
			Spec: json.RawMessage(spec), Init: &request.InitImage{
				File: request.Attachment{ID: "1"}, Strength: 0.6, Place: &picture.Placement{X: 1, Y: 2, Width: 3, Height: 4},
				Window: &request.Size{Width: 64, Height: 48}, Resize: "fill", Mask: &request.Attachment{ID: "2"},
			},
			Verb: "vary", Parent: "1-0", Tile: 2, Draft: 25, Flags: "--ar 3:2", Spoiler: true,
		}, {Spec: json.RawMessage(spec), Verb: "imagine"}}}, new(askedPrivate),
			`{"private":[{"spec":` + spec + `,` +
				`"init":{"file":{"ID":"1","Name":"","URL":"","ContentType":"","Size":0,"Width":0,"Height":0},"strength":0.6,` +
				`"place":{"x":1,"y":2,"width":3,"height":4},"window":{"width":64,"height":48},"resize":"fill",` +
				`"mask":{"ID":"2","Name":"","URL":"","ContentType":"","Size":0,"Width":0,"Height":0}},` +
				`"verb":"vary","parent":"1-0","tile":2,"draft":25,"flags":"--ar 3:2","spoiler":true},` +
				`{"spec":` + spec + `,"verb":"imagine"}]}`},
		"a question about nothing": {&permutationRequest{}, new(permutationRequest),
			`{"wanted":{"Prompt":"","Negative":null,"Aspect":null,"Size":null,"Seed":null,"Steps":null,"GuidanceScale":null,` +
				`"Sampler":null,"Count":null,"Strength":null,` +
				`"Tiling":null,"Notation":null,"Emphasis":null,"Spoiler":false,"Init":null,"Preset":null},"drawn":0}`},
	} {
		got, err := json.Marshal(c.value)
		if err != nil || string(got) != c.json {
			t.Errorf("%s:\n got %s, %v\nwant %s", name, got, err, c.json)
		}
		if err := json.Unmarshal([]byte(c.json), c.empty); err != nil || !reflect.DeepEqual(c.empty, c.value) {
			t.Errorf("%s, read:\n got %+v, %v\nwant %+v", name, c.empty, err, c.value)
		}
	}
}
