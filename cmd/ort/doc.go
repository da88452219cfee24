// Command ort puts ONNX Runtime's CPU library where darkroom looks for it first: bin/lib. It is what `make runtime`
// runs, before there is a darkroom: it builds without a C compiler. `darkroom runtime pull` fetches the same library,
// and those for GPUs, by the same code (render/onnx/install).
//
// It takes the library out of an ordinary package, whichever source answers: the Python wheel "onnxruntime", the npm
// package "onnxruntime-node", or the official release archive. Nothing from a package is ever run: the archive is
// checked against a pinned SHA-256, one file is copied out of it, and that file is checked too. A library that is
// already there and has a known hash is left alone, without any network.
//
//	go run ./cmd/ort                                  fetch for this machine
//	go run ./cmd/ort --from npm                       from one source only
//	go run ./cmd/ort --ort /opt/ort/libonnxruntime.so check a library of your own; nothing is fetched
//	go run ./cmd/ort --from release --sha256 HASH     from the official release, with a hash you vouch for
//
// Registries are found as pip and npm find them (PIP_INDEX_URL, npm_config_registry, then the tools' own settings,
// then the public ones); proxies by HTTPS_PROXY and NO_PROXY.
//
// A hash is pinned only for a file that was fetched and measured. The release archives were not, so that source
// refuses to work until the operator gives a hash.
package main
