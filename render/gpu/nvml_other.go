//go:build !(cgo && linux)

package gpu

// askNVML cannot be done in this build.
func askNVML(string) Report { return Report{Err: errNoLibrary} }
