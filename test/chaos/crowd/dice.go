package crowd

import "math/rand/v2"

// Dice returns a source of numbers that follows from the seed and differs by stream.
func Dice(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // a run has to be repeatable, not secret
}
