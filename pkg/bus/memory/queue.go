package memory

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// queue holds entries until a worker takes them.
type queue struct {
	name    string
	metrics queueMetrics
	settler *settler

	used atomic.Int64 // places taken: ready, waiting for a retry, or being handled

	mu        sync.Mutex
	wake      sync.Cond
	ready     fifo
	waiting   waitingHeap
	timer     *time.Timer // moves what is due from waiting to ready, while anybody consumes
	consumers int
	dead      int
}

func (b *Bus) newQueue(name string) *queue {
	q := &queue{name: name, metrics: b.metrics.queue(name)}
	q.wake.L = &q.mu
	q.settler = newSettler(b, q)
	return q
}

func (q *queue) reserve(capacity int64) bool {
	for {
		n := q.used.Load()
		if n >= capacity {
			return false
		}
		if q.used.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (q *queue) release() { q.used.Add(-1) }

// push makes an entry ready whose place is taken already.
func (q *queue) push(e *Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready.push(e)
	q.wake.Signal()
	q.measure()
}

// restore puts an entry in that the journal had, even over the capacity.
func (q *queue) restore(e *Entry) {
	q.used.Add(1)
	if e.Due.After(time.Now()) {
		q.delay(e)
		return
	}
	q.push(e)
}

// delay keeps an entry, whose place is taken already, until it is due.
func (q *queue) delay(e *Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	heap.Push(&q.waiting, e)
	q.arm()
	q.measure()
}

// take waits for an entry. It returns nil when ctx ends; see interrupt.
func (q *queue) take(ctx context.Context) *Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ctx.Err() == nil {
		if e := q.ready.pop(); e != nil {
			q.measure()
			return e
		}
		q.wake.Wait()
	}
	q.wake.Signal() // this worker may have got a signal that another one needs
	return nil
}

// interrupt makes take look at its context.
func (q *queue) interrupt() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wake.Broadcast()
}

// attach says that somebody consumes from now on.
func (q *queue) attach() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.consumers++
	q.promote()
}

// detach is the opposite of attach. It reports whether nobody is left.
func (q *queue) detach() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.consumers--
	q.arm()
	return q.consumers == 0
}

// promote makes ready what is due. The caller holds the lock.
func (q *queue) promote() {
	now := time.Now()
	for len(q.waiting) > 0 && !q.waiting[0].Due.After(now) {
		e, _ := heap.Pop(&q.waiting).(*Entry)
		q.ready.push(e)
		q.wake.Signal()
	}
	q.arm()
	q.measure()
}

// arm sets the timer for the next entry that waits. The caller holds the lock.
func (q *queue) arm() {
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
	if q.consumers > 0 && len(q.waiting) > 0 {
		q.timer = time.AfterFunc(time.Until(q.waiting[0].Due), func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.promote()
		})
	}
}

// countDead adds n, which may be negative, to the number of dead letters.
func (q *queue) countDead(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dead += n
	q.measure()
}

func (q *queue) measure() {
	q.metrics.ready.Set(float64(q.ready.len()))
	q.metrics.retry.Set(float64(len(q.waiting)))
	q.metrics.dead.Set(float64(q.dead))
}

// keepFifo is how many free places of a fifo are worth keeping.
const keepFifo = 1024

// fifo is a list of entries in the order they came.
type fifo struct {
	items []*Entry
	head  int
}

func (f *fifo) len() int      { return len(f.items) - f.head }
func (f *fifo) push(e *Entry) { f.items = append(f.items, e) }

func (f *fifo) pop() *Entry {
	if f.len() == 0 {
		return nil
	}
	e := f.items[f.head]
	f.items[f.head] = nil
	f.head++
	switch {
	case f.len() == 0 && cap(f.items) > keepFifo:
		*f = fifo{} // a backlog's memory goes with it
	case f.len() == 0:
		f.items, f.head = f.items[:0], 0
	case f.head > keepFifo && f.head > f.len():
		rest := copy(f.items, f.items[f.head:])
		clear(f.items[rest:])
		f.items, f.head = f.items[:rest], 0
	}
	return e
}

// waitingHeap has the entry that is due first at the top.
type waitingHeap []*Entry

func (w waitingHeap) Len() int           { return len(w) }
func (w waitingHeap) Less(i, j int) bool { return w[i].Due.Before(w[j].Due) }
func (w waitingHeap) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }

func (w *waitingHeap) Push(x any) {
	if e, ok := x.(*Entry); ok {
		*w = append(*w, e)
	}
}

func (w *waitingHeap) Pop() any {
	last := len(*w) - 1
	e := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	return e
}
