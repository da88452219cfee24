//go:build !unix

package inventory

import "errors"

func makePipe(string) error { return errors.ErrUnsupported }
