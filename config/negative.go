package config

import (
	"regexp"
	"slices"
	"strings"
)

// negativeNumber is a value that looks like a short flag.
var negativeNumber = regexp.MustCompile(`^-[0-9]+(\.[0-9]+)?$`)

// joinNegativeNumbers writes --seed -1 as --seed=-1: the parser takes -1 for a flag, and no flag of ours is a digit.
func joinNegativeNumbers(args []string) []string {
	args = slices.Clone(args)
	for i := 0; i+1 < len(args) && args[i] != "--"; i++ {
		if strings.HasPrefix(args[i], "--") && !strings.Contains(args[i], "=") && negativeNumber.MatchString(args[i+1]) {
			args[i] += "=" + args[i+1]
			args = slices.Delete(args, i+1, i+2)
		}
	}
	return args
}
