package inventory

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"darkroom/render/filehash"
	"darkroom/render/folder"
)

// Item is something that lies in the models folder. Only its name and its size were looked at.
type Item struct {
	Kind   Kind
	Name   string           // the file's name without its extension; with its folder where two have the same
	Path   string           // absolute; links in it are not resolved
	Bytes  int64            // of a file; of a folder's files that decide an image
	Newest time.Time        // the last change of its files
	VAEs   []folder.VAEFile // of a checkpoint: those that it may take
	place  string           // the folder of its kind
	mark   uint64           // another one after each change of its files, and of those beside it
	beside bool             // it is the VAE of the checkpoint beside it
}

const (
	maxDepth   = 12      // of folders below a place
	maxEntries = 100_000 // that one scan looks at
)

// Scan lists what lies below a directory, with an error for each thing that can never be used. Folders may be links;
// each is looked into once, so links may lead in circles. Hidden files are nobody's business. A directory that does
// not exist holds nothing.
func Scan(root string) (items []Item, faults []error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, []error{fmt.Errorf("list models: %w", err)}
	}
	s := &scan{seen: map[string]bool{}}
	s.root(root, root)
	nameItems(s.items)
	return s.items, s.faults
}

// At returns the model that lies at a path, wherever that is: a folder or a file. The error says what there is instead.
func At(path string) (Item, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Item{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Item{}, err
	}
	s := &scan{seen: map[string]bool{}}
	e := entry{filepath.Base(path), path, info}
	if info.IsDir() {
		s.folder(e, filepath.Dir(path))
	} else {
		s.file(e, Checkpoint, filepath.Dir(path), s.read(filepath.Dir(path)))
	}
	if len(s.items) == 0 {
		own := fmt.Sprintf("%q: ", path) // reading the folder may find faults of others
		for _, fault := range s.faults {
			if strings.HasPrefix(fault.Error(), own) {
				return Item{}, fault
			}
		}
		return Item{}, fmt.Errorf("%s: want a model: a folder or a .safetensors file", path)
	}
	nameItems(s.items)
	return s.items[0], nil
}

// scan is one look below a directory.
type scan struct {
	items   []Item
	faults  []error
	seen    map[string]bool // folders, with links resolved
	entries int             // looked at
}

func (s *scan) fault(path, format string, args ...any) {
	s.faults = append(s.faults, Fault{path, fmt.Sprintf(format, args...)})
}

// Fault is the error of something that can never be used.
type Fault struct {
	Path string
	Why  string
}

// Error names the path and the reason.
func (f Fault) Error() string { return fmt.Sprintf("%q: %s", f.Path, f.Why) }

// Name is how people would call it: the file's name without its extension.
func (f Fault) Name() string {
	return strings.TrimSuffix(filepath.Base(f.Path), filepath.Ext(f.Path))
}

// root looks at a folder that holds models, and the places of other kinds. Names are told from top.
func (s *scan) root(dir, top string) {
	all := s.read(dir)
	installation := false
	for _, e := range all.entries {
		installation = installation || isInstallation(e)
	}
	for _, e := range all.entries {
		name := strings.ToLower(e.name)
		switch kind, isPlace := places[name]; {
		case !e.info.IsDir():
			s.file(e, Checkpoint, top, all)
		case isModelFolder(e.path):
			s.folder(e, top)
		case isPlace:
			s.place(e.path, kind, e.path, 0)
		case isInstallation(e):
			s.root(e.path, e.path)
		case installation || strangers[name]:
		case holdsModels(e.path):
			s.place(e.path, Checkpoint, top, maxDepth)
		default:
			s.folder(e, top) // whoever opens it says what is missing
		}
	}
}

// place looks at a folder of one kind and, up to maxDepth, below it. Names are told from top.
func (s *scan) place(dir string, kind Kind, top string, depth int) {
	all := s.read(dir)
	for _, e := range all.entries {
		switch {
		case !e.info.IsDir():
			s.file(e, kind, top, all)
		case kind == Checkpoint && isModelFolder(e.path):
			s.folder(e, top)
		case depth < maxDepth:
			s.place(e.path, kind, top, depth+1)
		}
	}
}

func (s *scan) folder(e entry, top string) {
	if !s.named(e) {
		return
	}
	item := Item{Kind: Folder, Path: e.path, place: top, Newest: e.info.ModTime()}
	files, err := folder.Stat(e.path)
	h := fnv.New64a()
	if err != nil {
		fmt.Fprint(h, err)
	}
	for _, f := range append(files, optional(e.path, folder.CardFile, "upscaler/model.onnx", "upscaler/config.json")...) {
		item.add(h, f)
	}
	for _, f := range files {
		item.Bytes += f.Size
	}
	item.mark = h.Sum64()
	s.items = append(s.items, item)
}

// file adds a file of a place, or says why it cannot be used. all are the files beside it.
func (s *scan) file(e entry, kind Kind, top string, all listing) {
	ext := strings.ToLower(filepath.Ext(e.name))
	stem := strings.TrimSuffix(e.name, filepath.Ext(e.name))
	isBeside := kind == Checkpoint && strings.HasSuffix(strings.ToLower(stem), ".vae")
	if isBeside {
		kind = VAE // A1111 looks for one beside a checkpoint
	}
	usable, why := judge(kind, ext)
	if ext == ".png" && all.isPreview(stem) {
		return
	}
	if why != "" {
		s.fault(e.path, "%s", why)
	}
	if !usable || !s.named(e) {
		return
	}
	item := Item{
		Kind: kind, Path: e.path, Bytes: e.info.Size(), Newest: e.info.ModTime(), place: top, beside: isBeside,
	}
	h := fnv.New64a()
	item.add(h, filehash.File{Path: e.path, Stamp: filehash.StampOf(e.info)})
	for _, suffix := range []string{cardSuffix, civitaiSuffix, vaeSuffix} {
		if info, found := all.byName[stem+suffix]; found {
			item.add(h, filehash.File{Path: stem + suffix, Stamp: filehash.StampOf(info)})
		}
	}
	item.mark = h.Sum64()
	s.items = append(s.items, item)
}

// named tells whether people can be shown a file's name, and says so where they cannot.
func (s *scan) named(e entry) bool {
	if utf8.ValidString(e.name) && !strings.ContainsFunc(e.name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return true
	}
	s.fault(e.path, "the name has characters that cannot be shown; rename it")
	return false
}

// add counts a file's stamp into the item's mark.
func (i *Item) add(h interface{ Write([]byte) (int, error) }, f filehash.File) {
	fmt.Fprintln(h, f.Path, f.Size, f.Time.UnixNano(), f.Inode)
	if f.Time.After(i.Newest) {
		i.Newest = f.Time
	}
}

// optional lists those of some files of a folder that are there.
func optional(dir string, names ...string) (found []filehash.File) {
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if info, err := os.Stat(path); err == nil {
			found = append(found, filehash.File{Path: path, Stamp: filehash.StampOf(info)})
		}
	}
	return found
}
