package onnx

/*
#include <signal.h>
#include <stdlib.h>

enum { signals = 32 }; // the ordinary ones; real-time signals are left alone

typedef struct { struct sigaction was[signals]; } handlers;

static handlers *save_handlers(void) {
	handlers *h = calloc(1, sizeof *h);
	for (int s = 1; h != NULL && s < signals; s++) sigaction(s, NULL, &h->was[s]);
	return h;
}

static void restore_handlers(handlers *h) {
	for (int s = 1; h != NULL && s < signals; s++) {
		struct sigaction now;
		if (s == SIGKILL || s == SIGSTOP || sigaction(s, NULL, &now) != 0) continue;
		if (now.sa_sigaction != h->was[s].sa_sigaction || now.sa_flags != h->was[s].sa_flags) sigaction(s, &h->was[s], NULL);
	}
	free(h);
}
*/
import "C"

// guardSignals saves the signal handlers of this process; the returned function restores them. A GPU's driver replaces
// them when it is first used, and with its handlers Go ends the process at the next Ctrl+C: "signal handler without
// SA_ONSTACK".
func guardSignals() (restore func()) {
	was := C.save_handlers()
	return func() { C.restore_handlers(was) }
}
