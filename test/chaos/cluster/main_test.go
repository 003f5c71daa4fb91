package cluster_test

import (
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // the proxy's toxics write to stderr
	goleak.VerifyTestMain(m)
}
