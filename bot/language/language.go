package language

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"darkroom/render/phrase"
)

// Language is the language in which sentences are printed. The zero value is English. In JSON it is its BCP 47 tag.
type Language struct {
	tag string // one of the known ones; "" is English
}

//go:embed catalogues
var embedded embed.FS

// known are the languages that sentences can be printed in.
type known struct {
	bundle  *i18n.Bundle
	english map[string][]string // the English of the sentences, by tag
	tags    []language.Tag      // English first
	matcher language.Matcher
	print   map[string]printer // by tag
}

type printer struct {
	messages *i18n.Localizer
	numbers  *message.Printer
	known    map[string]bool // the English of its sentences
	formats  []format        // those of them that have values
}

var current atomic.Pointer[known]

// now returns the languages that are known: the built-in ones, if none were loaded.
func now() *known {
	if k := current.Load(); k != nil {
		return k
	}
	current.CompareAndSwap(nil, builtIn())
	return current.Load()
}

// builtIn knows the built-in catalogues alone.
func builtIn() *known {
	k := &known{bundle: i18n.NewBundle(language.English), english: map[string][]string{}}
	files, err := embedded.ReadDir("catalogues")
	for _, f := range files {
		var data []byte
		if data, err = embedded.ReadFile("catalogues/" + f.Name()); err == nil {
			err = k.add(f.Name(), data)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		panic("internal error: a built-in catalogue must be readable: " + err.Error())
	}
	return k.ready()
}

// add adds a catalogue to those that are known.
func (k *known) add(name string, data []byte) error {
	file, err := k.bundle.ParseMessageFileBytes(data, name)
	if err != nil {
		return err
	}
	for _, m := range file.Messages {
		k.english[file.Tag.String()] = append(k.english[file.Tag.String()], m.ID)
	}
	return nil
}

// ready prepares the printing in each language.
func (k *known) ready() *known {
	k.print = map[string]printer{}
	for _, tag := range k.bundle.LanguageTags() {
		if !slices.Contains(k.tags, tag) {
			k.tags = append(k.tags, tag)
		}
	}
	k.matcher = language.NewMatcher(k.tags)
	for _, tag := range k.tags {
		p := printer{messages: i18n.NewLocalizer(k.bundle, tag.String()), numbers: message.NewPrinter(tag)}
		p.known, p.formats = map[string]bool{}, readFormats(k.english[tag.String()])
		for _, text := range k.english[tag.String()] {
			p.known[text] = true
		}
		k.print[tag.String()] = p
	}
	return k
}

// Load adds the catalogues of a folder: files named after their language, such as fr.json. They are of the form of the
// built-in ones, and add to those or override them. It must be called before anything is printed.
func Load(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("read languages: %w", err)
	}
	k := builtIn()
	for _, f := range files {
		if f.IsDir() || filepath.Ext(f.Name()) != ".json" {
			continue
		}
		if err := k.loadFile(filepath.Join(folder, f.Name())); err != nil {
			return fmt.Errorf("read the language file %s: %w", f.Name(), err)
		}
	}
	current.Store(k.ready())
	return nil
}

func (k *known) loadFile(path string) error {
	if _, err := language.Parse(strings.TrimSuffix(filepath.Base(path), ".json")); err != nil {
		return errors.New("its name is no language, such as fr.json or pt-BR.json")
	}
	data, err := os.ReadFile(path)
	if err == nil {
		err = verify(data)
	}
	if err == nil {
		err = k.add(filepath.Base(path), data)
	}
	return err
}

// Known returns the tags of the languages that have a catalogue, English first.
func Known() []string {
	var all []string
	for _, tag := range now().tags {
		all = append(all, tag.String())
	}
	return all
}

// Find returns the known language that suits best: that of the first tag which has one, in Discord's form such as
// "de" or "pt-BR". It returns English if none has.
func Find(tags ...string) Language {
	k := now()
	for _, t := range tags {
		parsed, err := language.Parse(t)
		if err != nil {
			continue
		}
		if _, i, confidence := k.matcher.Match(parsed); confidence > language.Low {
			return Language{tag: k.tags[i].String()}.normal()
		}
	}
	return Language{}
}

// normal makes English the zero value, so that languages can be compared.
func (l Language) normal() Language {
	if l.tag == "en" {
		return Language{}
	}
	return l
}

// String returns the BCP 47 tag.
func (l Language) String() string {
	if l.tag == "" {
		return "en"
	}
	return l.tag
}

// Name returns the language's own name, such as "Deutsch".
func (l Language) Name() string { return display.Self.Name(language.Make(l.String())) }

// IsZero tells whether it is English.
func (l Language) IsZero() bool { return l.tag == "" }

// MarshalJSON writes the tag.
func (l Language) MarshalJSON() ([]byte, error) { return json.Marshal(l.tag) }

// UnmarshalJSON reads a tag. One that is not known here, such as that of a newer program, is English.
func (l *Language) UnmarshalJSON(data []byte) error {
	var tag string
	if err := json.Unmarshal(data, &tag); err != nil {
		return err
	}
	*l = Language{}
	if _, ok := now().print[tag]; ok {
		*l = Language{tag: tag}.normal()
	}
	return nil
}

// Text returns a sentence without values. text is its English; where the catalogue lacks it, it stays English.
func (l Language) Text(text string) string { return l.lookUp(text, "", 0) }

// Sprintf formats a sentence. format is its English, as of fmt. Values that are a phrase.Phraser or a phrase.Number are
// printed in the language first.
func (l Language) Sprintf(format string, args ...any) string {
	if false {
		_ = fmt.Sprintf(format, args...) // makes vet check the calls
	}
	return fmt.Sprintf(l.lookUp(format, "", 0), l.values(args)...)
}

// Count formats a sentence that depends on a number: one is its English for n = 1. Both formats get the same values.
func (l Language) Count(n int, one, other string, args ...any) string {
	return fmt.Sprintf(l.lookUp(other, one, n), l.values(args)...)
}

// Print returns a phrase in the language.
func (l Language) Print(p phrase.Phrase) string {
	if p.Stored {
		return l.Stored(p.Format)
	}
	text := l.lookUp(p.Format, p.One, p.Count)
	if len(p.Args) == 0 {
		return text
	}
	return fmt.Sprintf(text, l.values(p.Args)...)
}

// Decimal returns a number with so many digits behind the point, or what the language has in its place.
func (l Language) Decimal(x float64, digits int) string {
	return l.printer().numbers.Sprint(number.Decimal(x, number.Scale(digits)))
}

// Integer returns a number in groups of three digits as the language has them.
func (l Language) Integer(n int) string { return l.printer().numbers.Sprint(number.Decimal(n)) }

func (l Language) values(args []any) []any {
	out := slices.Clone(args)
	for i, a := range out {
		var p phrase.Phraser
		if n, ok := a.(phrase.Number); ok {
			out[i] = l.Decimal(n.X, n.Digits)
			continue
		}
		if err, ok := a.(error); ok && errors.As(err, &p) {
			out[i] = l.Print(p.Phrase())
		} else if p, ok := a.(phrase.Phraser); ok {
			out[i] = l.Print(p.Phrase())
		}
	}
	return out
}

func (l Language) printer() printer { return now().print[l.String()] }

// lookUp returns the format of a sentence.
func (l Language) lookUp(other, one string, n int) string {
	if other == "" {
		return ""
	}
	find := &i18n.LocalizeConfig{
		DefaultMessage: &i18n.Message{ID: other, One: one, Other: other}, TemplateParser: template.IdentityParser{},
	}
	if one != "" {
		find.PluralCount = n
	}
	// An error means that a catalogue lacks a plural form: the other form, or English, is returned beside it.
	text, _ := l.printer().messages.Localize(find)
	if text == "" {
		return other
	}
	return text
}
