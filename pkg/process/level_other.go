//go:build !unix

package process

import "os"

// levelSignals are none.
func levelSignals() (more, less os.Signal) { return nil, nil }
