package rabbit

import (
	"slices"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
)

// traceHeader is the header of a message that its event holds as well.
const traceHeader = "traceparent"

// packing puts events that wait together into fewer messages. It never waits for more of
// them. Where a message goes depends on its key, so events of one message share it.
type packing struct {
	most    int // events in one message
	letters []letter
	// members are the positions of the messages that each letter carries.
	members [][]int
	// open has the pack of each key that takes more.
	open map[string]*openPack
}

type openPack struct {
	letter int
	bodies [][]byte
	size   int
}

// pack returns letters for messages, with the positions of those that each carries.
// A message whose result is an error already is left out.
func pack(msgs []bus.Message, most int, results []error) ([]letter, [][]int) {
	p := packing{most: most, letters: make([]letter, 0, len(msgs)), members: make([][]int, 0, len(msgs)), open: map[string]*openPack{}}
	for i, m := range msgs {
		if results[i] == nil {
			p.add(i, m)
		}
	}
	for _, o := range p.open {
		p.seal(o)
	}
	return p.letters, p.members
}

func (p *packing) add(i int, m bus.Message) {
	if p.most == 1 {
		p.single(i, m)
		return
	}
	if !packable(m) {
		p.close(m.Key) // what comes later in time shall not overtake it
		p.single(i, m)
		return
	}
	o := p.open[m.Key]
	if o != nil && (len(o.bodies) == p.most || o.size+len(m.Body)+1 > event.MaxBatchSize) {
		p.close(m.Key)
		o = nil
	}
	if o == nil {
		p.open[m.Key] = &openPack{letter: len(p.letters), bodies: [][]byte{m.Body}, size: len(m.Body) + 2}
		p.single(i, m)
		return
	}
	o.bodies, o.size = append(o.bodies, m.Body), o.size+len(m.Body)+1
	p.members[o.letter] = append(p.members[o.letter], i)
}

func (p *packing) single(i int, m bus.Message) {
	p.letters, p.members = append(p.letters, eventLetter(m)), append(p.members, []int{i})
}

func (p *packing) close(key string) {
	if o := p.open[key]; o != nil {
		p.seal(o)
		delete(p.open, key)
	}
}

// seal makes a letter of several events. One of a single event stays as it is. The id of
// the message tells it from any other; those of the events are inside.
func (p *packing) seal(o *openPack) {
	if len(o.bodies) > 1 {
		p.letters[o.letter] = letter{exchange: Exchange, key: p.letters[o.letter].key, Publishing: amqp.Publishing{
			MessageId: uuid.NewString(), ContentType: event.BatchContentType, DeliveryMode: amqp.Persistent, Body: event.Join(o.bodies...),
		}}
	}
}

// packable reports whether a message can be put into a pack and taken out again: its body
// is an event that says all that the message's properties say. Of its trace the event
// knows what it was caused by, and that is what a consumer of the pack goes on from:
// not the span of its publishing, and not the other forms of the same trace.
func packable(m bus.Message) bool {
	b := m.Body
	if m.ContentType != event.ContentType || len(b) == 0 || b[0] != '{' || b[len(b)-1] != '}' {
		return false
	}
	e, err := event.Peek(b)
	if err != nil || e.ID != m.ID {
		return false
	}
	if e.TraceParent == "" {
		return len(m.Headers) == 0
	}
	if m.Headers[traceHeader] == "" {
		return false // the pack would add it
	}
	forms := observe.Propagator().Fields()
	for name := range m.Headers {
		if !slices.Contains(forms, name) {
			return false
		}
	}
	return true
}

// unpack takes a delivery apart: the events of a batch, else the delivery itself.
func unpack(d amqp.Delivery) ([]bus.Message, error) {
	m := message(d)
	if d.ContentType != event.BatchContentType {
		return []bus.Message{m}, nil
	}
	members, err := event.Split(d.Body)
	if err != nil {
		return []bus.Message{m}, err
	}
	msgs := make([]bus.Message, len(members))
	for i, e := range members {
		msgs[i] = bus.Message{ID: e.ID, Key: m.Key, ContentType: event.ContentType, Body: e.Body, Attempt: m.Attempt}
		if e.TraceParent != "" {
			msgs[i].Headers = map[string]string{traceHeader: e.TraceParent}
		}
	}
	return msgs, nil
}
