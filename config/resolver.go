package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// resolver gives kong the values that are not on the command line: from the environment, then from the settings file.
// It collects the faults and uses the default instead, so that one run reports all faults.
//
// kong alone would read the environment itself and stop at the first fault, and its own YAML reader would hide names
// that no setting has.
type resolver struct {
	sources Sources
	loaded  bool
	file    map[string]yaml.Node
	path    string
	faults  []error
}

var _ kong.Resolver = (*resolver)(nil)

// Validate does nothing: Resolve checks the values.
func (r *resolver) Validate(*kong.Application) error { return nil }

// Resolve returns the text of a flag, or nil if neither source has one.
func (r *resolver) Resolve(c *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !r.loaded {
		r.loaded = true
		r.loadFile(c)
	}
	name := flag.Tag.Get("from")
	if name != "" {
		if text := r.sources.Getenv(name); text != "" {
			return r.decode(flag, text, "environment variable "+name), nil
		}
	}
	if node, found := r.file[flag.Name]; found && name != "" && node.Tag != "!!null" {
		text, err := scalarText(node)
		if err != nil {
			r.addFault("%s: line %d: %s: %w", r.path, node.Line, flag.Name, err)
			return nil, nil
		}
		return r.decode(flag, text, fmt.Sprintf("%s: line %d", r.path, node.Line)), nil
	}
	return nil, nil
}

func (r *resolver) addFault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

// decode returns text if it is valid for the flag. Otherwise it adds a fault and returns nil.
func (r *resolver) decode(flag *kong.Flag, text, source string) any {
	target := reflect.New(flag.Target.Type()).Elem()
	scan := kong.Scan().PushTyped(text, kong.FlagValueToken)
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target); err != nil {
		r.addFault("%s: %s: %w", source, flag.Name, err)
		return nil
	}
	if flag.Enum != "" && !slices.Contains(flag.EnumSlice(), text) {
		names := slices.DeleteFunc(flag.EnumSlice(), func(name string) bool { return name == "" })
		r.addFault("%s: %s: %q is not one of %s", source, flag.Name, text, strings.Join(names, ", "))
		return nil
	}
	return text
}

// loadFile reads the settings file, if there is one, and finds keys in it that no process has.
func (r *resolver) loadFile(c *kong.Context) {
	if r.path = r.fileName(c); r.path == "" {
		return
	}
	data, err := r.sources.ReadFile(r.path)
	if err == nil {
		err = yaml.Unmarshal(data, &r.file)
	}
	if err != nil {
		r.addFault("settings file %s: %w", r.path, err)
		return
	}
	known := settable(c.Model.Node)
	for name, node := range r.file {
		if known[name] == nil {
			r.addFault("%s: line %d: there is no setting %q%s", r.path, node.Line, name, nearest(name, known))
		}
	}
	slices.SortFunc(r.faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

func (r *resolver) fileName(c *kong.Context) string {
	for _, flag := range c.Model.Flags {
		if flag.Name != "config" {
			continue
		}
		if name, _ := c.FlagValue(flag).(string); name != "" {
			return name
		}
		return r.sources.Getenv(flag.Tag.Get("from"))
	}
	return ""
}

// settable returns, by name, the flags of all processes that a file may set.
func settable(n *kong.Node) map[string]*kong.Flag {
	found := map[string]*kong.Flag{}
	for _, flag := range n.Flags {
		if flag.Tag.Get("from") != "" && flag.Name != "config" {
			found[flag.Name] = flag
		}
	}
	for _, child := range n.Children {
		maps.Copy(found, settable(child))
	}
	return found
}

// nearest suggests the known name that shares the longest beginning with the wrong one.
func nearest(wrong string, known map[string]*kong.Flag) string {
	best, length := "", 2
	for name := range known {
		n := 0
		for n < len(name) && n < len(wrong) && name[n] == wrong[n] {
			n++
		}
		if n > length || n == length && best != "" && name < best {
			best, length = name, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// scalarText returns a YAML value as it would be on the command line.
func scalarText(node yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.SequenceNode:
		var all []string
		for _, n := range node.Content {
			if n.Kind != yaml.ScalarNode {
				return "", errors.New("want a list of plain values")
			}
			all = append(all, n.Value)
		}
		return strings.Join(all, ","), nil
	default:
		return "", errors.New("want a plain value")
	}
}

// outOfRange returns a fault for each flag of the chosen command that is outside its range tag.
func outOfRange(c *kong.Context) []error {
	var faults []error
	for _, flag := range c.Flags() {
		limits := flag.Tag.Get("range")
		if limits == "" {
			continue
		}
		low, high, _ := strings.Cut(limits, "..")
		if got := flag.Target.Int(); got < rangeEnd(low) || got > rangeEnd(high) {
			faults = append(faults, fmt.Errorf("--%s: %v is not from %s to %s", flag.Name, flag.Target.Interface(), low, high))
		}
	}
	return faults
}

// rangeEnd reads an end of a range: an integer, or a duration in nanoseconds.
func rangeEnd(text string) int64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic("internal error: range tag: " + err.Error())
	}
	return int64(d)
}
