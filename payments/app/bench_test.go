package app_test

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"gamestore.example/payments"
	"gamestore.example/payments/app"
	"gamestore.example/payments/paymentstest"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
)

// ends is a publisher that counts what it is given.
type ends struct{ done sync.WaitGroup }

func (e *ends) Publish(_ context.Context, msgs ...bus.Message) []error {
	for range msgs {
		e.done.Done()
	}
	return make([]error, len(msgs))
}

// BenchmarkPayment measures payments from the message that asks for them to the
// event that tells their end, through the store, the worker, the provider's books
// and the relay.
func BenchmarkPayment(b *testing.B) {
	for name, dsn := range map[string]string{"memory": "memory", "sqlite": "sqlite:" + filepath.Join(b.TempDir(), "payments.db")} {
		b.Run(name, func(b *testing.B) { benchmark(b, dsn) })
	}
}

func benchmark(b *testing.B, dsn string) {
	ring, err := auth.OpenKeyring(b.TempDir(), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	verifier, err := auth.NewVerifier(ring, auth.VerifierConfig{Issuer: "bench", Audience: "bench"}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	cfg, published := app.Defaults(), &ends{}
	cfg.DSN, cfg.Core.Concurrency = dsn, 256
	a, err := app.New(b.Context(), cfg, app.Deps{Bus: published, Verifier: verifier})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var actors sync.WaitGroup
	for _, actor := range a.Actors() {
		actors.Go(func() { _ = actor.Run(ctx) })
	}
	defer func() { cancel(); actors.Wait(); _ = a.Close() }()
	id := paymentstest.IDs("p" + strconv.FormatInt(time.Now().UnixNano(), 36)) // the store outlives a round
	b.SetParallelism(128)
	b.ReportAllocs()
	b.ResetTimer()
	published.done.Add(b.N)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			purchase := id()
			err := a.Service().AcceptPurchase(ctx, payments.AcceptPurchase{
				MessageID: purchase, PurchaseID: purchase, UserID: "ana", Amount: paymentstest.BRL(1999),
			})
			if err != nil {
				b.Error(err)
				published.done.Done()
			}
		}
	})
	published.done.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}
