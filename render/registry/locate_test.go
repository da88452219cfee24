package registry

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// answers is a registry that has these documents by address.
func answers(documents map[string]string) Getter {
	return func(_ context.Context, address, _ string) ([]byte, error) {
		if text, ok := documents[address]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no " + address)
	}
}

func settingsOf(env map[string]string) Settings {
	return Settings{
		Getenv:  func(name string) string { return env[name] },
		RunTool: func(context.Context, string, ...string) (string, error) { return "", errors.New("not installed") },
	}
}

func TestWheel(t *testing.T) {
	t.Parallel()
	s := settingsOf(map[string]string{"PIP_INDEX_URL": "https://u:p@mirror/simple/"})
	for name, c := range map[string]struct{ page, want, fails string }{
		"JSON": {page: `{"files":[{"url":"../../f/a.whl"},{"url":"../../f/lib.whl#sha256=0"}]}`, want: "https://u:p@mirror/f/lib.whl"},
		"HTML": {page: `<a href="../../f/lib.whl.metadata">x</a><A class="y" HREF='../../f/lib.whl#sha256=0&amp;x'>lib</A>`,
			want: "https://u:p@mirror/f/lib.whl"},
		"another host gets no password": {page: `<a href="https://files/lib.whl">x</a>`, want: "https://files/lib.whl"},
		"without the file":              {page: `{"files":[{"url":"other.whl"}]}`, fails: "lib.whl is not listed"},
		"nonsense":                      {page: `oops`, fails: "lib.whl is not listed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages := answers(map[string]string{"https://u:p@mirror/simple/lib/": c.page})
			got, err := s.Wheel(t.Context(), pages, "lib", "lib.whl")
			if c.fails == "" && (err != nil || got != c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if c.fails != "" && (!errors.Is(err, ErrNotListed) || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("got %q, %v, want %q", got, err, c.fails)
			}
		})
	}
}

func TestTarball(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ registry, document, want, fails string }{
		"the public one": {
			publicNPM, `{"dist":{"tarball":"` + publicNPM + `/lib/-/lib.tgz"}}`, publicNPM + "/lib/-/lib.tgz", "",
		},
		"a mirror that hands on the public address": {
			"https://mirror/npm", `{"dist":{"tarball":"` + publicNPM + `/lib/-/lib.tgz"}}`,
			"https://mirror/npm/lib/-/lib.tgz", "",
		},
		"a mirror with its own address": {
			"https://mirror/npm", `{"dist":{"tarball":"/files/lib.tgz"}}`, "https://mirror/files/lib.tgz", "",
		},
		"no tarball": {"https://mirror/npm", `{}`, "", "names no tarball"},
		"nonsense":   {"https://mirror/npm", `<html>`, "", "read the registry's answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settingsOf(map[string]string{"npm_config_registry": c.registry})
			got, err := s.Tarball(t.Context(), answers(map[string]string{c.registry + "/lib/1.0": c.document}), "lib", "1.0")
			if c.fails == "" && (err != nil || got != c.want) ||
				c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("got %q, %v, want %q %q", got, err, c.want, c.fails)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ page, link, want string }{
		{"https://u:p@a/simple/x/", "../../f/x.whl#sha256=0", "https://u:p@a/f/x.whl"},
		{"https://u:p@a/simple/x/", "https://b/x.whl", "https://b/x.whl"},
		{"https://u:p@a/simple/x/", "http://a/x.whl", "http://a/x.whl"},
	} {
		if got, err := resolve(c.page, c.link); err != nil || got != c.want {
			t.Errorf("resolve(%s, %s): got %s, %v, want %s", c.page, c.link, got, err, c.want)
		}
	}
}
