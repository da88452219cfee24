// Package install brings ONNX Runtime, and the libraries that its GPU providers need, out of ordinary packages into a
// flat folder. It builds without a C compiler and runs nothing from a package.
//
//	r, err := install.Find("cuda12", "linux/amd64")
//	p := install.Puller{Dir: "runtimes", Fetcher: install.NewFetcher()}
//	dir, err := p.Pull(ctx, r)                   // runtimes/cuda12
//	there := install.List("runtimes")            // what is whole, and what is not
//
// A runtime is whole or not there: it grows in a hidden folder beside its place, DIR/.NAME.part, where the next Pull
// goes on, and gets its name by one rename, with a list of its files and their hashes (runtime.json).
//
// A hash is pinned only for a file that was fetched and measured. Archives are checked against it, and so is each file
// that is taken out of them. Which packages: pins.go, cuda.json.
package install
