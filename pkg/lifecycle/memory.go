package lifecycle

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times of what lives before it is collected. Little
// lives in a program of the store, so that at Go's default of 100 the collector runs often:
// under load it took a tenth of the processor's time.
const gcPercent = 400

// TuneMemory trades some idle memory for time, once, at the start of a program. Whoever sets
// GOGC has decided otherwise; GOMEMLIMIT bounds the whole as always.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
