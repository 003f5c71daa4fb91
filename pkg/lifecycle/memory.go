package lifecycle

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times of what lives before it is collected. What
// lives in a program of the store is some ten megabytes, mostly caches: at Go's default of
// 100 the collector would run many times a second under load and take a tenth of
// the processor's time.
const gcPercent = 400

// TuneMemory trades some idle memory for time, once, at the start of a program. Whoever sets
// GOGC has decided otherwise; GOMEMLIMIT bounds the whole as always.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
