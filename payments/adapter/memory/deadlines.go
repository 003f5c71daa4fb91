package memory

import (
	"cmp"
	"time"
)

// deadline is when a payment was due when it was written; what was written since then
// has another one.
type deadline struct {
	at time.Time
	id string
}

// deadlines is a heap, the earliest first.
type deadlines []deadline

func (d deadlines) Len() int { return len(d) }
func (d deadlines) Less(i, j int) bool {
	return cmp.Or(d[i].at.Compare(d[j].at), cmp.Compare(d[i].id, d[j].id)) < 0
}
func (d deadlines) Swap(i, j int) { d[i], d[j] = d[j], d[i] }

// Push implements heap.Interface.
func (d *deadlines) Push(x any) {
	if v, ok := x.(deadline); ok {
		*d = append(*d, v)
	}
}

// Pop implements heap.Interface.
func (d *deadlines) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}
