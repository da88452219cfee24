//go:build cgo

package main

import (
	"context"
	"errors"
)

const upscalerPackage = "realesrgan"

func pullUpscalers(context.Context, invocation, string) error { return errors.New("not yet") }
