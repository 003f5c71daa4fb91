package flow_test

import (
	"testing"

	"gamestore.example/test/flow"
)

// TestStory tells the story through every driver, on every store, search and bus.
func TestStory(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]flow.Options{
		"memory":  {},
		"journal": {Bus: flow.Journal},
		"bleve":   {Search: flow.Bleve},
		"sqlite":  flow.Durable(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := flow.NewWorld(t, o)
			w.EachDriver(t, flow.Story)
			flow.Audit(t, w)
		})
	}
}

// TestCrowd tells the story on all ways at the same time.
func TestCrowd(t *testing.T) {
	t.Parallel()
	w := flow.NewWorld(t, flow.Durable())
	t.Run("people", func(t *testing.T) {
		w.EachDriver(t, func(t *testing.T, d flow.Driver) {
			t.Parallel()
			flow.Story(t, d)
		})
	})
	flow.Audit(t, w)
}
