package config

// spokenArgs reads the command line as people type it who know other programs: `help`, `help draw` and `--version`.
func spokenArgs(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(args[1:len(args):len(args)], "--help")
	case args[0] == "--version" && len(args) == 1:
		return []string{"version"}
	}
	return args
}
