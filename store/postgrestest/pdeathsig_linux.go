package postgrestest

import "syscall"

// killWithParent makes the server end when the test's process is killed before it can clean up.
func killWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
