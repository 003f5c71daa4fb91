package flow_test

import (
	"testing"

	"gamestore.example/test/flow"
)

// TestStory tells the story through every driver, on every store, search and bus.
func TestStory(t *testing.T) {
	for name, o := range map[string]flow.Options{
		"memory":  {},
		"journal": {Bus: flow.Journal},
		"bleve":   {Search: flow.Bleve},
		"sqlite":  flow.Durable(),
	} {
		t.Run(name, func(t *testing.T) {
			w := flow.NewWorld(t, o)
			w.EachDriver(t, flow.Story)
			flow.Audit(t, w)
		})
	}
}
