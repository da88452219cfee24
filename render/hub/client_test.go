package hub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/download"
	"darkroom/render/hub"
	"darkroom/render/hub/hubtest"
)

// tiny is a repository with a small and a large file.
func tiny() hubtest.Model {
	return hubtest.Model{
		Files: map[string][]byte{
			"model_index.json":   []byte(pipelineIndex("StableDiffusionPipeline", "unet")),
			"unet/model.onnx":    []byte(strings.Repeat("large ", 1000)),
			"unet/config.json":   []byte("{}"),
			"vae/config #1?.txt": []byte("an awkward name"),
		},
		Card: map[string]any{"license": "other", "license_name": "terms\x1b[2J of mine", "license_link": "LICENSE.md"},
	}
}

func TestReadAndFetch(t *testing.T) {
	t.Parallel()
	s := hubtest.New(t)
	s.Page = 1
	m := tiny()
	m.Private = "hf_mine"
	s.Add("me/it", m)
	client := clientOf(s)
	client.Token = "hf_mine"
	r, err := client.Read(t.Context(), mustParse(t, "me/it"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "terms[2J of mine, " + s.URL + "/me/it/blob/" + r.Commit + "/LICENSE.md"; r.License.String() != want {
		t.Errorf("license: got %q, want %q", r.License, want)
	}
	choice := hub.Choice{Folder: true, Files: r.Files}
	dir := filepath.Join(t.TempDir(), "it")
	var last [2]int64
	tell := func(done, total int64) { last = [2]int64{done, total} }
	if err := client.Fetch(t.Context(), r, choice, dir, tell); err != nil {
		t.Fatal(err)
	}
	for name, want := range m.Files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if sum := choice.Bytes(); last != [2]int64{sum, sum} {
		t.Errorf("progress ends with %v, want %d", last, sum)
	}
	for _, q := range s.Requests() {
		if (q.Token != "") == q.CDN {
			t.Errorf("%+v: want the token at the hub, and only there", q)
		}
		if strings.Contains(q.Path, "/main/") {
			t.Errorf("%+v: want the commit, a branch moves", q)
		}
	}
	before := len(s.Requests())
	if err := client.Fetch(t.Context(), r, choice, dir, nil); err != nil || len(s.Requests()) != before {
		t.Errorf("again: got %v and %d requests, want none", err, len(s.Requests())-before)
	}
}

func TestLicense(t *testing.T) {
	t.Parallel()
	for want, card := range map[string]map[string]any{
		"none stated":                  nil,
		"mit":                          {"license": "mit"},
		"mit, apache-2.0":              {"license": []string{"mit", "apache-2.0"}},
		"x, https://example.org/terms": {"license": "other", "license_name": "x", "license_link": "https://example.org/terms"},
		strings.Repeat("x", 200) + "…": {"license": strings.Repeat("x", 201)},
	} {
		s := hubtest.New(t)
		m := tiny()
		m.Card = card
		s.Add("me/it", m)
		r, err := clientOf(s).Read(t.Context(), mustParse(t, "me/it"))
		if err != nil || r.License.String() != want {
			t.Errorf("%v: got %q, %v, want %q", card, r.License, err, want)
		}
	}
}

// onTree answers the listing with an answer of the test's own.
func onTree(answer func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/tree/") {
			answer(w, r)
		}
	}
}

func listing(entries ...map[string]any) func(http.ResponseWriter, *http.Request) {
	return onTree(func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(entries) })
}

func without(e map[string]any, key string) map[string]any {
	delete(e, key)
	return e
}

// What a hub says is not believed.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	x := []byte("x")
	endless := onTree(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "[")
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, `{"type":"file","path":"`+strings.Repeat("x", 4000)+`"},`); err != nil {
				return
			}
		}
	})
	page := 0
	blob := hubtest.Blob(x)
	manyPages := onTree(func(w http.ResponseWriter, _ *http.Request) {
		page++
		w.Header().Set("Link", fmt.Sprintf(`<https://hub.example/?cursor=%d>; rel="next"`, page))
		text := []byte("[")
		for i := range 10_000 {
			text = fmt.Appendf(text, `{"type":"file","path":"%d/%d","size":1,"oid":%q},`, page, i, blob)
		}
		text[len(text)-1] = ']'
		w.Write(text)
	})
	for name, c := range map[string]struct {
		name, token string
		answer      http.HandlerFunc
		says        string
	}{
		"a name that leads out of the folder": {answer: listing(hubtest.Entry("../../.bashrc", x)), says: `the name "../../.bashrc", which is not safe`},
		"an absolute name":                    {answer: listing(hubtest.Entry("/etc/passwd", x)), says: "not safe"},
		"a name of Windows":                   {answer: listing(hubtest.Entry(`..\x`, x)), says: "not safe"},
		"a name that clears the screen":       {answer: listing(hubtest.Entry("x\x1b[2J", x)), says: `"x[2J", which is not safe`},
		"a folder that leads out":             {answer: listing(map[string]any{"type": "directory", "path": "../x"}), says: "not safe"},
		"a file twice":                        {answer: listing(hubtest.Entry("x", x), hubtest.Entry("x", x)), says: "lists x twice"},
		"no hash":                             {answer: listing(without(hubtest.Entry("x", x), "oid")), says: "without its size and hash"},
		"no hash of a large file":             {answer: listing(map[string]any{"type": "file", "path": "x", "lfs": map[string]any{"oid": "zz"}}), says: "without its size and hash"},
		"no JSON":                             {answer: onTree(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }), says: "not that of a hub: no JSON at byte 1"},
		"another JSON":                        {answer: onTree(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":1}`) }), says: "not that of a hub: another type of JSON"},
		"an endless listing":                  {answer: endless, says: "more than 16.8 MB arrive"},
		"a huge listing":                      {answer: manyPages, says: "has more than 30000 files; name one"},
		"a listing in a circle": {answer: onTree(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `</x?recursive=true>; rel="next"`)
			fmt.Fprint(w, "[]")
		}), says: "goes round in circles"},
		"nothing": {answer: listing(), says: "me/it is empty"},
		"no commit": {answer: func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/revision/") {
				fmt.Fprint(w, `{"sha":"../../etc"}`)
			}
		}, says: "names no commit of the revision main"},
		"no such model":              {name: "me/other", says: "there is no model me/other, or it is private: then set HF_TOKEN"},
		"no such model with a token": {name: "me/other", token: "hf_mine", says: "there is no model me/other, or the token's account"},
		"a wrong token":              {token: "hf_wrong", says: "the hub refuses the token"},
		"no such revision":           {name: "me/it@v9", says: "me/it has no revision v9"},
		"no such file":               {name: "me/it/x.safetensors", says: "me/it has no file x.safetensors (revision main)"},
		"no such folder":             {name: "me/it/x/y.safetensors", says: "me/it has no file x/y.safetensors"},
		"a disabled model": {answer: func(w http.ResponseWriter, _ *http.Request) {
			hubtest.Refuse(w, 403, "", "Access to this resource is disabled.")
		}, says: "the hub has disabled me/it"},
		"too many requests": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "300")
			hubtest.Refuse(w, 429, "", "slow down")
		}, says: "too many requests (429); try again in 5m0s (HF_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hubtest.New(t)
			s.Add("me/it", tiny())
			s.Intercept(c.answer)
			client := clientOf(s)
			client.Token = c.token
			if c.name == "" {
				c.name = "me/it"
			}
			_, err := client.Read(t.Context(), mustParse(t, c.name))
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("got %v, want %q in one line", err, c.says)
			}
			if err != nil && c.token != "" && strings.Contains(err.Error(), c.token) {
				t.Errorf("%v: want no token", err)
			}
		})
	}
}

// A mirror that passes on the hub's own addresses does not get the hub this mirror's token.
func TestNextPageOfAMirror(t *testing.T) {
	t.Parallel()
	s, other := hubtest.New(t), hubtest.New(t)
	s.Add("me/it", tiny())
	s.Page = 2
	s.Intercept(onTree(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			w.Header().Set("Link", `<`+other.URL+r.URL.Path+`?recursive=true&cursor=2>; rel="next"`)
			fmt.Fprint(w, "[]")
		}
	}))
	client := clientOf(s)
	client.Token = "hf_mine"
	r, err := client.Read(t.Context(), mustParse(t, "me/it"))
	if err != nil || len(r.Files) != 2 {
		t.Errorf("got %+v, %v, want the second page's two files", r, err)
	}
	if got := other.Requests(); len(got) > 0 {
		t.Errorf("another host was asked: %+v", got)
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	cdn := func(answer func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.RawQuery, "X-Amz") {
				answer(w, r)
			}
		}
	}
	for name, c := range map[string]struct {
		gated, token bool
		answer       http.HandlerFunc
		free         int64
		says         string
	}{
		"a gated model": {gated: true, says: "me/it is gated: read its terms and accept them in a browser at "},
		"a gated model with a token": {
			gated: true, token: true, says: "me/it is gated, and the token's account has no access",
		},
		"another content": {answer: cdn(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat("largE ", 1000))
		}), says: "the file's hash is "},
		"an expired address": {answer: cdn(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusGone)
		}), says: "there is no such file (410)"},
		"a full disk": {free: 1000, says: "are needed, 1000 bytes are free"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hubtest.New(t)
			m := tiny()
			m.Gated = c.gated
			s.Add("me/it", m)
			s.Intercept(c.answer)
			client := clientOf(s)
			if c.token {
				client.Token = "hf_mine"
			}
			if c.free > 0 {
				client.Download.Free = func(string) int64 { return c.free }
			}
			r, err := client.Read(t.Context(), mustParse(t, "me/it/unet/model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			err = client.Fetch(t.Context(), r, hub.Choice{Files: r.Files}, dir, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
				t.Errorf("there lie %q, want nothing", left)
			}
		})
	}
}

// A hub that is reached without TLS gets nothing, least of all the token.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	s := hubtest.New(t)
	client := clientOf(s)
	client.Endpoint = strings.Replace(s.URL, "https", "http", 1)
	_, err := client.Read(t.Context(), mustParse(t, "me/it"))
	if insecure := new(*download.InsecureError); !errors.As(err, insecure) || len(s.Requests()) > 0 {
		t.Errorf("got %v and %d requests, want a *download.InsecureError", err, len(s.Requests()))
	}
}
