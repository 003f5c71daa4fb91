package argon2

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// phc is a parsed hash.
type phc struct {
	params Params
	salt   []byte
	key    []byte
}

// String is the PHC string form.
func (h phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.Memory, h.params.Time, h.params.Threads, enc.EncodeToString(h.salt), enc.EncodeToString(h.key))
}

// errMalformed never repeats the hash: it ends up in logs.
var errMalformed = errors.New("argon2: not an argon2id hash in PHC string form")

// maxEncoded bounds the salt and the key of a stored hash, in bytes.
const maxEncoded = 64

func parse(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errMalformed
	}
	var h phc
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.params.Memory, &h.params.Time, &h.params.Threads)
	if err != nil || n != 3 {
		return phc{}, errMalformed
	}
	if err := h.params.validate(); err != nil {
		return phc{}, err
	}
	enc := base64.RawStdEncoding.Strict()
	if h.salt, err = enc.DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > maxEncoded {
		return phc{}, errMalformed
	}
	if h.key, err = enc.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > maxEncoded {
		return phc{}, errMalformed
	}
	if h.String() != s { // one form only: no spare digits, signs or trailing text
		return phc{}, errMalformed
	}
	return h, nil
}
