package load

import "testing"

// Clients is how many callers wait at once in the concurrent cases.
const Clients = 64

// Case is one thing to measure.
type Case struct {
	Name string
	// Against names the case that Name is compared with; empty for a limit itself.
	Against string
	Run     func(b *testing.B)
}

// Cases returns everything there is to measure, limits first.
func Cases() []Case {
	return []Case{
		{Name: "disk: append + fdatasync", Run: appendSync},
		{Name: "sqlite: one transaction per request", Run: sqlitePerRequest},
		{Name: "sqlite: group commit", Against: "sqlite: one transaction per request", Run: sqliteGrouped},
		{Name: "http: bare handler", Run: bareHTTP},
		{Name: "http: a game through the gateway", Against: "http: bare handler", Run: gameThroughGateway},
		{Name: "purchase to completed, in process", Against: "disk: append + fdatasync", Run: purchaseInProcess},
		{Name: "purchase to completed, through the gateway", Against: "purchase to completed, in process", Run: purchaseThroughGateway},
		{Name: "read one game, in process", Run: readGame},
		{Name: "search a word with a typo, in process", Against: "read one game, in process", Run: searchSmall},
	}
}

// concurrently runs op b.N times over Clients callers.
func concurrently(b *testing.B, op func() error) {
	b.ReportAllocs()
	b.SetParallelism(Clients) // times GOMAXPROCS
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := op(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
