package cluster

import (
	"errors"
	"sync"
)

// victims are those that were killed and are not back.
type victims struct {
	mu       sync.Mutex
	away     map[string]bool
	leading  sync.WaitGroup
	failures []error
}

func newVictims() *victims { return &victims{away: map[string]bool{}} }

// take reports whether a victim is there to be killed; then it is away until lead returns.
func (v *victims) take(name string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.away[name] {
		return false
	}
	v.away[name] = true
	v.leading.Add(1)
	return true
}

// lead does what was taken for.
func (v *victims) lead(name string, do func() error) {
	defer v.leading.Done()
	err := do()
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.away, name)
	if err != nil {
		v.failures = append(v.failures, err)
	}
}

// failure returns what went wrong so far.
func (v *victims) failure() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return errors.Join(v.failures...)
}

// wait waits until all are back.
func (v *victims) wait() error {
	v.leading.Wait()
	return v.failure()
}
