package rest

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
)

// tokenShape is a bot token's: id, time and signature. The id is the application's snowflake in base64.
var tokenShape = regexp.MustCompile(`^([A-Za-z0-9_-]{18,})\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{20,}$`)

// TokenApplication returns the id of the application that a bot's token is of. It looks at the shape alone: whether
// Discord accepts the token is another question.
func TokenApplication(token string) (string, error) {
	parts := tokenShape.FindStringSubmatch(token)
	if parts == nil {
		return "", errors.New("not in the shape of a bot token: three parts with dots between them")
	}
	id, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || strings.Trim(string(id), "0123456789") != "" {
		return "", errors.New("its first part is no application id")
	}
	return string(id), nil
}
