package inventory

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
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

// entry is a visible file or folder, with links followed.
type entry struct {
	name, path string
	info       fs.FileInfo
}

// listing is what a folder holds.
type listing struct {
	entries []entry
	byName  map[string]fs.FileInfo
}

// read lists a folder that was not seen before.
func (s *scan) read(dir string) (all listing) {
	all.byName = map[string]fs.FileInfo{}
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) || s.seen[resolved] {
		return all
	}
	s.seen[resolved] = true
	var found []os.DirEntry
	if err == nil {
		found, err = os.ReadDir(dir)
	}
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("list models: %w", err))
	}
	for _, e := range found {
		path := filepath.Join(dir, e.Name())
		if s.entries++; s.entries > maxEntries {
			if s.entries == maxEntries+1 {
				s.fault(dir, "there are more than %d files: the rest is not looked at", maxEntries)
			}
			return all
		}
		if e.Name()[0] == '.' {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist) && e.Type() == os.ModeSymlink:
			s.fault(path, "a link to nothing")
		case errors.Is(err, os.ErrNotExist): // it went while we looked
		case err != nil:
			s.faults = append(s.faults, fmt.Errorf("list models: %w", err))
		case info.IsDir() || info.Mode().IsRegular():
			all.entries = append(all.entries, entry{e.Name(), path, info})
			all.byName[e.Name()] = info
		}
	}
	return all
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
		case hasCheckpoints(e.path):
			s.place(e.path, Checkpoint, top, maxDepth)
		default:
			s.folder(e, top) // whoever opens it says what is missing
		}
	}
}

// isInstallation tells whether a folder holds the places of an installation.
func isInstallation(e entry) bool {
	if !e.info.IsDir() || !nested[strings.ToLower(e.name)] {
		return false
	}
	inside, err := os.ReadDir(e.path)
	if err != nil {
		return false
	}
	for _, in := range inside {
		if _, isPlace := places[strings.ToLower(in.Name())]; isPlace {
			return true
		}
	}
	return false
}

// isModelFolder tells whether a folder is a model in diffusers' layout.
func isModelFolder(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "model_index.json"))
	return err == nil
}

// hasCheckpoints tells whether a folder that is no model holds files that people take for models.
func hasCheckpoints(dir string) bool {
	inside, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, in := range inside {
		switch strings.ToLower(filepath.Ext(in.Name())) {
		case ".safetensors", ".ckpt", ".gguf":
			if in.Name()[0] != '.' {
				return true
			}
		}
	}
	return false
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

// isPreview tells whether NAME.png only shows what the file NAME beside it makes.
func (l listing) isPreview(stem string) bool {
	stem = strings.TrimSuffix(stem, ".preview")
	for _, ext := range []string{".safetensors", ".pt", ".bin", ".pth", ".ckpt"} {
		if _, found := l.byName[stem+ext]; found {
			return true
		}
	}
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

const (
	pickle = "a pickle, which can run a program when it is opened, so it is not; get it as .safetensors"

	pickledUpscaler = pickle + " or .onnx, or convert it as docs/upscalers.md says"

	gguf = "a quantised network (GGUF), which is not opened yet; get the model as .safetensors"
)

// judge tells, by the extension, whether a file in a place of a kind can be used, and of those that people would expect
// to be, why not.
func judge(kind Kind, ext string) (usable bool, why string) {
	switch ext {
	case ".safetensors":
		return true, ""
	case ".gguf":
		return false, gguf
	case ".pt", ".bin":
		if kind == Embedding || kind == Hypernetwork { // they hold plain tensors, which are read without running anything
			return true, ""
		}
		if kind == Upscaler {
			return false, pickledUpscaler
		}
		return false, pickle
	case ".ckpt", ".pth":
		if kind == Upscaler {
			return false, pickledUpscaler
		}
		return false, pickle
	case ".onnx":
		if kind == Checkpoint {
			return false, "a single network; want a folder with all networks of a model"
		}
		return kind == Upscaler, ""
	case ".png":
		return kind == Embedding, ""
	}
	return false, ""
}
