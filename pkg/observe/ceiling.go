package observe

import "sync"

// Other is the label of what came after a Ceiling was reached.
const Other = "_other"

// Ceiling bounds the values that a label of a metric can have, where they come from
// outside. It is safe for concurrent use.
type Ceiling struct {
	most int

	mu    sync.RWMutex
	known map[string]bool
}

// NewCeiling returns a Ceiling that knows no value yet, and will know at most so many.
func NewCeiling(most int) *Ceiling { return &Ceiling{most: most, known: map[string]bool{}} }

// Label returns the value if it is one of the first that came, else Other.
func (c *Ceiling) Label(value string) string {
	c.mu.RLock()
	known, full := c.known[value], len(c.known) >= c.most
	c.mu.RUnlock()
	switch {
	case known:
		return value
	case full:
		return Other
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[value] || len(c.known) < c.most {
		c.known[value] = true
		return value
	}
	return Other
}
