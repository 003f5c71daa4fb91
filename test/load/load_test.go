package load_test

import (
	"testing"

	"gamestore.example/test/load"
)

func BenchmarkStore(b *testing.B) {
	for _, c := range load.Cases() {
		b.Run(c.Name, c.Run)
	}
}

// Every case runs once and names what it is compared with.
func TestCases(t *testing.T) {
	names := map[string]bool{}
	for _, c := range load.Cases() {
		names[c.Name] = true
		if c.Against != "" && !names[c.Against] {
			t.Errorf("%s is compared with %s, which comes later or never", c.Name, c.Against)
		}
	}
}
