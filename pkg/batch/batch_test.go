package batch_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gamestore.example/pkg/batch"
	"gamestore.example/pkg/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder notes the batches of a group and holds each until told.
type recorder struct {
	batches [][]int
	next    chan struct{}
}

func (r *recorder) run(jobs []int) {
	r.batches = append(r.batches, slices.Clone(jobs))
	<-r.next
}

// submit hands in jobs one after the other and returns their results in order.
func submit(g *batch.Group[int], jobs ...int) (wait func() []error) {
	results := make([]error, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() { results[i] = g.Do(context.Background(), j) })
		synctest.Wait()
	}
	return func() []error { wg.Wait(); return results }
}

func TestWhatWaitsRunsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{next: make(chan struct{})}
		g := batch.NewGroup(3, r.run)
		wait := submit(g, 1, 2, 3, 4, 5)
		if n := g.Waiting(); n != 4 {
			t.Errorf("%d wait, want 4", n)
		}
		close(r.next)
		if err := errors.Join(wait()...); err != nil {
			t.Error(err)
		}
		g.Close()
		want := [][]int{{1}, {2, 3, 4}, {5}}
		if !slices.EqualFunc(r.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", r.batches, want)
		}
	})
}

func TestEachWaitsForItsOwnBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{next: make(chan struct{})}
		g := batch.NewGroup(1, r.run)
		first, second := submit(g, 1), submit(g, 2)
		r.next <- struct{}{}
		first()
		synctest.Wait()
		if n := g.Waiting(); n != 0 {
			t.Errorf("%d wait, want none: the second runs", n)
		}
		r.next <- struct{}{}
		second()
		g.Close()
	})
}

func TestAJobIsWithdrawnOnlyBeforeItStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{next: make(chan struct{})}
		g := batch.NewGroup(10, r.run)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		running, waiting := make(chan error, 1), make(chan error, 1)
		go func() { running <- g.Do(ctx, 1) }()
		synctest.Wait()
		go func() { waiting <- g.Do(ctx, 2) }()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		select {
		case err := <-waiting:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("withdrawn with %v", err)
			}
		default:
			t.Error("a job that waits outlives its context")
		}
		select {
		case err := <-running:
			t.Errorf("a job that runs was left: %v", err)
		default:
		}
		close(r.next)
		if err := <-running; err != nil {
			t.Error(err)
		}
		if err := g.Do(ctx, 3); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an ended context: %v", err)
		}
		g.Close()
		if !slices.EqualFunc(r.batches, [][]int{{1}}, slices.Equal) {
			t.Errorf("batches %v, want only the first job", r.batches)
		}
	})
}

func TestCloseRunsWhatWaitsAndRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{next: make(chan struct{})}
		g := batch.NewGroup(10, r.run)
		wait := submit(g, 1, 2, 3)
		var closers sync.WaitGroup
		closers.Go(g.Close)
		closers.Go(g.Close)
		synctest.Wait()
		err := g.Do(context.Background(), 4)
		if !errors.Is(err, batch.ErrClosed) || errs.ClassOf(err) != errs.Unavailable {
			t.Errorf("after close: %v", err)
		}
		close(r.next)
		closers.Wait()
		if err := errors.Join(wait()...); err != nil {
			t.Error(err)
		}
		if !slices.EqualFunc(r.batches, [][]int{{1}, {2, 3}}, slices.Equal) {
			t.Errorf("batches %v", r.batches)
		}
	})
}

func TestAPanicIsAnErrorForItsBatchAlone(t *testing.T) {
	g := batch.NewGroup(1, func(jobs []int) {
		if jobs[0] == 1 {
			panic("broken")
		}
	})
	defer g.Close()
	if err := g.Do(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
	if err := g.Do(t.Context(), 2); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestNobodyHangsWhenTheGoroutineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := make(chan struct{})
		g := batch.NewGroup(1, func([]int) {
			<-next
			runtime.Goexit()
		})
		wait := submit(g, 1, 2)
		close(next)
		results := wait()
		if results[0] == nil || !errors.Is(results[1], batch.ErrClosed) {
			t.Errorf("got %v", results)
		}
		g.Close()
	})
}

func TestManySubmitters(t *testing.T) {
	total := 0
	g := batch.NewGroup(16, func(jobs []*int) {
		for _, j := range jobs {
			total++
			*j = total
		}
	})
	const clients, each = 50, 200
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(context.Background())
				if i%7 == 0 {
					cancel()
				}
				var j int
				if err := g.Do(ctx, &j); (err == nil) != (j > 0) {
					t.Errorf("error %v, result %d", err, j)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	g.Close()
	if want := clients * (each - (each+6)/7); total != want {
		t.Errorf("%d jobs ran, want %d", total, want)
	}
}

func BenchmarkDo(b *testing.B) {
	g := batch.NewGroup(256, func([]int) {})
	defer g.Close()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = g.Do(context.Background(), 1)
		}
	})
}
