package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"darkroom/config"
)

// supervisedVariable tells a renderer's process that a supervisor started it.
const supervisedVariable = "DARKROOM_SUPERVISED"

// isSupervised tells whether this process is a renderer's that a supervisor started.
func (e environment) isSupervised() bool { return e.getenv(supervisedVariable) != "" }

// runSupervised is runProcess of a process that a supervisor started. A terminal, or a service manager, sends its signals
// to both processes: this one leaves them to the supervisor.
func runSupervised(env environment) int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go obeySupervisor(env.stdin, stop, func() { os.Exit(exitFailure) })
	return run(ctx, env)
}

// obeySupervisor calls stop when the supervisor says so, and die when it is dead: nobody would start, stop or watch this
// process any more.
func obeySupervisor(stdin io.Reader, stop, die func()) {
	for words := bufio.NewScanner(stdin); words.Scan(); {
		if words.Text()+"\n" == stopWord {
			stop()
		}
	}
	die()
}

// report tells the supervisor how far this process got.
func (e environment) report(r report) {
	_ = json.NewEncoder(e.stdout).Encode(r) // a supervisor that does not hear it is dead, and this process soon is
}

// supervisedCommand makes a process that runs the renderer with these settings.
func (e environment) supervisedCommand(l config.Log, r config.Renderer) (*exec.Cmd, error) {
	program, err := ownProgram()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "renderer")
	cmd.Args[0] = "darkroom"
	cmd.Env = append(config.Environment(e.environ, l, r), supervisedVariable+"=1")
	cmd.Stderr = e.stderr
	cmd.SysProcAttr = dieWithParent()
	return cmd, nil
}
