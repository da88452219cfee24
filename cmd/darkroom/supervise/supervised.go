package supervise

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
)

// variable tells a renderer's process that a supervisor started it.
const variable = "DARKROOM_SUPERVISED"

// IsSupervised tells whether this process was started by a supervisor.
func IsSupervised(getenv func(string) string) bool { return getenv(variable) != "" }

// Command makes a process that runs a subcommand of this program and that the kernel ends with this one, where it
// can.
func Command(subcommand string, environment []string, log io.Writer) (*exec.Cmd, error) {
	program, err := ownProgram()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, subcommand) //nolint:noctx // the supervisor asks it to stop and waits
	cmd.Args[0] = "darkroom"
	cmd.Env = append(slices.Clip(environment), variable+"=1")
	cmd.Stderr = log
	cmd.SysProcAttr = dieWithParent()
	return cmd, nil
}

// Obey reads what the supervisor says. It calls stop when the supervisor says so, and die when the supervisor is
// dead: nobody would stop or replace this process any more.
func Obey(stdin io.Reader, stop, die func()) {
	for words := bufio.NewScanner(stdin); words.Scan(); {
		if words.Text()+"\n" == stopWord {
			stop()
		}
	}
	die()
}

// Send reports something to the supervisor.
func (r Report) Send(stdout io.Writer) {
	//nolint:errchkjson // a supervisor that does not hear it is dead, and this process soon is
	_ = json.NewEncoder(stdout).Encode(r)
}
