package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
)

const traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// assortment returns events as services publish them, and such that have to travel
// alone, on two keys.
func assortment(n int) []bus.Message {
	msgs := messages(n, "m", "a")
	for i := range msgs {
		m := &msgs[i]
		if i%3 == 0 {
			m.Key = "b"
		}
		traced := fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"traceparent":%q,"data":{}}`, m.ID, traceParent)
		switch i % 10 {
		case 1, 2, 3: // its trace in both places
			m.Body, m.Headers = traced, map[string]string{"traceparent": traceParent}
		case 4: // in the event alone
			m.Body = traced
		case 5: // in the headers alone
			m.Headers = map[string]string{"traceparent": traceParent}
		case 6:
			m.Headers = map[string]string{"h": "v"}
		case 7:
			m.Body = fmt.Appendf(nil, `{"specversion":"1.0","id":"another","of":%q}`, m.ID)
		case 8:
			m.Body = []byte(`{"specversion":"1.0","id":"` + m.ID + `"`)
		case 9:
			m.Body = append(m.Body, ' ')
		}
	}
	return msgs
}

// testOwnEnds publishes many in one call. Some are taken at once, some at the second
// attempt, some after a hold and some never.
func testOwnEnds(t *testing.T, h Harness) {
	const all = 200
	a := bus.Queue{Name: "bustest.ends-a", Keys: []string{"a"}}
	b := bus.Queue{Name: "bustest.ends-b", Keys: []string{"b"}}
	declare(t, h, a, b)
	want := map[string]bus.Message{}
	msgs := assortment(all)
	for i, m := range msgs {
		m.Attempt = 1
		if i%7 == 1 {
			m.Attempt = 2
		}
		want[m.ID] = m
	}
	publish(t, h, msgs...)
	ended := make(chan bus.Message, 2*all)
	var held sync.Map
	handle := func(_ context.Context, m bus.Message) error {
		i := slices.IndexFunc(msgs, func(one bus.Message) bool { return one.ID == m.ID })
		switch i % 7 {
		case 1:
			if m.Attempt == 1 {
				return errNotYet
			}
		case 2:
			if _, again := held.LoadOrStore(m.ID, true); !again {
				return errDown
			}
		case 3:
			ended <- m
			return errPoison
		}
		ended <- m
		return nil
	}
	consume(t, h, a, handle)
	consume(t, h, b, handle)
	for range all {
		m := receive(t, ended)
		if d := cmp.Diff(want[m.ID], m, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", m.ID, d)
		}
		delete(want, m.ID)
	}
	poison := 0
	for i := range msgs {
		if i%7 == 3 {
			poison++
		}
	}
	for _, d := range deadLetters(t, h, poison) {
		i := slices.IndexFunc(msgs, func(one bus.Message) bool { return one.ID == d.Message.ID })
		if i < 0 || i%7 != 3 || d.Reason != errPoison.Code || d.Queue != "bustest.ends-"+msgs[i].Key {
			t.Errorf("got %+v", d)
		}
	}
	if len(ended) > 0 {
		t.Errorf("%s ended twice", receive(t, ended).ID)
	}
}

func testUnpublishable(t *testing.T, h Harness) {
	q := bus.Queue{Name: "bustest.unpublishable", Keys: []string{"#"}}
	declare(t, h, q)
	large := message("large", "k")
	large.Body = append(large.Body, make([]byte, bus.MaxBody)...)
	event := bus.Message{ID: "large event", Key: "k", ContentType: event.ContentType}
	event.Body = []byte(`{"specversion":"1.0","id":"large event","data":{"of":"` + strings.Repeat("x", bus.MaxBody) + `"}}`)
	headers := message("headers", "k")
	headers.Headers = map[string]string{"h": strings.Repeat("x", bus.MaxHeaders)}
	name := message("name", "k")
	name.Headers = map[string]string{strings.Repeat("x", bus.MaxName+1): "v"}
	never := []bus.Message{large, event, headers, name, message("key", strings.Repeat("k", bus.MaxName+1)), message(strings.Repeat("i", bus.MaxName+1), "k")}
	all := messages(20, "m", "k")
	for i, m := range never {
		all = slices.Insert(all, 3*i, m)
	}
	for i, err := range h.Bus.Publish(t.Context(), all...) {
		refused := i%3 == 0 && i < 3*len(never)
		if refused != errors.Is(err, bus.ErrUnpublishable) || !refused && err != nil || refused && errs.ClassOf(err) != errs.Invalid {
			t.Errorf("%.20s: %v", all[i].ID, err)
		}
	}
	most := message("most", strings.Repeat("k", bus.MaxName))
	most.Body = append(most.Body, make([]byte, bus.MaxBody-len(most.Body))...)
	most.Headers = map[string]string{"h": strings.Repeat("x", bus.MaxHeaders-1)}
	publish(t, h, most)
	if d := cmp.Diff(idsOf(append(messages(20, "m", "k"), most)...), receiveIDs(t, collect(t, h, q), 21)); d != "" {
		t.Error(d)
	}
}
