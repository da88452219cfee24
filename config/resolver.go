package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// intake gives kong the values that are not on the command line: from the environment, then from the settings file.
// What is wrong with them is collected, and the default used in its place, so that one run tells all.
type resolver struct {
	sources Sources
	loaded  bool
	file    map[string]yaml.Node
	path    string
	faults  []error
}

var _ kong.Resolver = (*resolver)(nil)

// Validate has nothing to say before the values are asked for.
func (in *resolver) Validate(*kong.Application) error { return nil }

// Resolve returns the text of a flag, or nil.
func (in *resolver) Resolve(c *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !in.loaded {
		in.loaded = true
		in.loadFile(c)
	}
	name := flag.Tag.Get("from")
	if name != "" {
		if text := in.sources.Getenv(name); text != "" {
			return in.decode(flag, text, "environment variable "+name), nil
		}
	}
	if node, there := in.file[flag.Name]; there && name != "" && node.Tag != "!!null" {
		text, err := scalarText(node)
		if err != nil {
			in.addFault("%s: line %d: %s: %w", in.path, node.Line, flag.Name, err)
			return nil, nil
		}
		return in.decode(flag, text, fmt.Sprintf("%s: line %d", in.path, node.Line)), nil
	}
	return nil, nil
}

func (in *resolver) addFault(format string, args ...any) {
	in.faults = append(in.faults, fmt.Errorf(format, args...))
}

// tried returns text if the flag can hold it, and nil with a fault if not.
func (in *resolver) decode(flag *kong.Flag, text, source string) any {
	target := reflect.New(flag.Target.Type()).Elem()
	scan := kong.Scan().PushTyped(text, kong.FlagValueToken)
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target); err != nil {
		in.addFault("%s: %s: %w", source, flag.Name, err)
		return nil
	}
	if flag.Enum != "" && !slices.Contains(flag.EnumSlice(), text) {
		in.addFault("%s: %s: %q is none of %s", source, flag.Name, text, strings.Join(flag.EnumSlice(), ", "))
		return nil
	}
	return text
}

// open reads the settings file, if one is named, and finds names in it that no process has.
func (in *resolver) loadFile(c *kong.Context) {
	if in.path = in.fileName(c); in.path == "" {
		return
	}
	data, err := in.sources.ReadFile(in.path)
	if err == nil {
		err = yaml.Unmarshal(data, &in.file)
	}
	if err != nil {
		in.addFault("settings file %s: %w", in.path, err)
		return
	}
	known := settable(c.Model.Node)
	for name, node := range in.file {
		if known[name] == nil {
			in.addFault("%s: line %d: there is no setting %q%s", in.path, node.Line, name, nearest(name, known))
		}
	}
	slices.SortFunc(in.faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

func (in *resolver) fileName(c *kong.Context) string {
	for _, flag := range c.Model.Flags {
		if flag.Name != "config" {
			continue
		}
		if name, _ := c.FlagValue(flag).(string); name != "" {
			return name
		}
		return in.sources.Getenv(flag.Tag.Get("from"))
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
		for name, flag := range settable(child) {
			found[name] = flag
		}
	}
	return found
}

// nearest suggests a name that shares a beginning with the wrong one.
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
	return fmt.Sprintf("; is %q meant?", best)
}

// plain returns a YAML value as it would stand on the command line.
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

// outOfRange tells which flags of the chosen command lie outside their range tag.
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

// number reads an end of a range: an integer, or a duration in nanoseconds.
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
