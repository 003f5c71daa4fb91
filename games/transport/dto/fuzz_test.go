package dto_test

import (
	"errors"
	"testing"

	"gamestore.example/games"
	"gamestore.example/games/transport/dto"
	"gamestore.example/pkg/errs"
)

// FuzzETag wants each tag to be one version, and one version to be one tag.
func FuzzETag(f *testing.F) {
	for _, s := range []string{`"1"`, `W/"1"`, "*", `"01"`, `"+1"`, `"-1"`, `"9223372036854775808"`, `"a", "b"`, "", `"`, `""`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, match, none string) {
		version, err := dto.ToIfMatch(match)
		switch {
		case err != nil && !errors.Is(err, games.ErrVersionMismatch) && errs.ClassOf(err) != errs.Invalid:
			t.Errorf("%q: %v", match, err)
		case err == nil && version < 1 && version != games.AnyVersion:
			t.Errorf("%q is version %d", match, version)
		case err == nil && dto.ToVersion(dto.ETag(version)) != version && version != games.AnyVersion:
			t.Errorf("%q is %d, which is %s", match, version, dto.ETag(version))
		}
		if n := dto.ToVersion(none); n != 0 && !dto.Unchanged(none, dto.ETag(n)) && dto.ETag(n) == none {
			t.Errorf("%q is not itself", none)
		}
		dto.Unchanged(none, match)
	})
}
