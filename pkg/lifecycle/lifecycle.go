// Package lifecycle starts the parts of a process together and stops them in order.
package lifecycle

import "context"

// Actor is a part that runs until its context ends. A nil error after that is
// a clean stop; returning earlier stops the whole process.
type Actor struct {
	Name string
	Run  func(ctx context.Context) error
}
