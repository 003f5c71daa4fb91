//go:build unix

package process

import (
	"os"
	"syscall"
)

// levelSignals are SIGUSR1 and SIGUSR2.
func levelSignals() (more, less os.Signal) { return syscall.SIGUSR1, syscall.SIGUSR2 }
