package paymentstest

import (
	"context"
	"errors"
	"strings"
	"sync"

	"gamestore.example/payments"
	"gamestore.example/pkg/money"
)

// Behaviour is what a scripted provider does with one call.
type Behaviour string

// The behaviours. Each says whether money moves and what the caller hears.
const (
	// Approve moves the money and says so.
	Approve Behaviour = "approve"
	// Decline moves nothing and says so.
	Decline Behaviour = "decline"
	// NotReached moves nothing and says that the call never arrived.
	NotReached Behaviour = "not reached"
	// LoseAnswer moves the money and then breaks the connection.
	LoseAnswer Behaviour = "lose the answer"
	// Fail moves nothing and answers an error that proves nothing.
	Fail Behaviour = "fail"
	// Later answers an error; the money moves when Release is called.
	Later Behaviour = "later"
	// Process says that the charge is decided later, by Release.
	Process Behaviour = "process"
	// WrongAmount takes another amount and says so.
	WrongAmount Behaviour = "wrong amount"
)

// errLost is what a caller hears when an answer is lost.
var errLost = errors.New("connection reset")

// DeclineReason is the reason of every Decline.
const DeclineReason = "card_declined"

// Book is what a scripted provider did under one key.
type Book struct {
	Reference string
	Amount    money.Money
	Status    payments.ChargeStatus
	Charges   int
	Refunds   map[string]money.Money
	later     bool
}

// Held is how much money the provider holds.
func (b Book) Held() int64 {
	held := int64(b.Charges) * b.Amount.Amount
	for _, r := range b.Refunds {
		held -= r.Amount
	}
	return held
}

// Provider is a payments.Provider that follows a script, and knows the truth. What
// the script does not say is approved. The zero value is ready.
type Provider struct {
	mu      sync.Mutex
	script  map[payments.Kind][]Behaviour
	books   map[string]Book
	calls   []string
	onEnter func(k payments.Kind, key string)
}

var _ payments.Provider = (*Provider)(nil)

// On adds what the next calls of a kind do, one behaviour for each.
func (p *Provider) On(k payments.Kind, bs ...Behaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.script == nil {
		p.script = map[payments.Kind][]Behaviour{}
	}
	p.script[k] = append(p.script[k], bs...)
}

// OnEnter sets what happens at the beginning of each call, before it is decided.
func (p *Provider) OnEnter(fn func(k payments.Kind, key string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onEnter = fn
}

// Release lets the money of a charge that waits move now.
func (p *Provider) Release(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.books[key]; b.later {
		b.later, b.Status = false, payments.ChargeCaptured
		b.Charges++
		p.books[key] = b
	}
}

// Calls returns "<kind> <key>" for each call so far.
func (p *Provider) Calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.calls...)
}

// Books returns what was done under each key.
func (p *Provider) Books() map[string]Book {
	p.mu.Lock()
	defer p.mu.Unlock()
	books := map[string]Book{}
	for k, b := range p.books {
		books[k] = b
	}
	return books
}

// enter notes a call and returns what to do with it.
func (p *Provider) enter(k payments.Kind, key string) Behaviour {
	p.mu.Lock()
	hook := p.onEnter
	p.mu.Unlock()
	if hook != nil {
		hook(k, key)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, string(k)+" "+key)
	if len(p.script[k]) == 0 {
		return Approve
	}
	b := p.script[k][0]
	p.script[k] = p.script[k][1:]
	return b
}

// Name implements payments.Provider.
func (p *Provider) Name() string { return "scripted" }

// Charge implements payments.Provider. A key that was decided keeps its decision.
func (p *Provider) Charge(ctx context.Context, r payments.ChargeRequest) (payments.Charge, error) {
	what := p.enter(payments.KindCharge, r.Key)
	if err := ctx.Err(); err != nil {
		return payments.Charge{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, known := p.books[r.Key]
	if !known && what != NotReached && what != Fail {
		b = p.decide(r, what)
	}
	switch {
	case what == NotReached:
		return payments.Charge{}, payments.ErrNotCharged
	case what == LoseAnswer || what == Fail || what == Later:
		return payments.Charge{}, errLost
	case b.Status == payments.ChargeDeclined:
		return payments.Charge{}, &payments.DeclinedError{Reason: DeclineReason}
	}
	return payments.Charge{Status: b.Status, Reference: "ref-" + r.Key, Amount: b.Amount}, nil
}

func (p *Provider) decide(r payments.ChargeRequest, what Behaviour) Book {
	b := Book{Reference: r.Reference, Amount: r.Amount, Status: payments.ChargeCaptured, Charges: 1, Refunds: map[string]money.Money{}}
	switch what {
	case Decline:
		b.Status, b.Charges = payments.ChargeDeclined, 0
	case Later, Process:
		b.Status, b.Charges, b.later = payments.ChargeProcessing, 0, true
	case WrongAmount:
		b.Amount.Amount++
	case Approve, NotReached, LoseAnswer, Fail:
	}
	if p.books == nil {
		p.books = map[string]Book{}
	}
	p.books[r.Key] = b
	return b
}

// Lookup implements payments.Provider: it tells the truth, or fails if the script
// says so. A charge to come Later is not found yet.
func (p *Provider) Lookup(ctx context.Context, key string) (payments.Charge, error) {
	what := p.enter(payments.KindLookup, key)
	if err := ctx.Err(); err != nil {
		return payments.Charge{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, known := p.books[key]
	switch {
	case what != Approve && what != Process:
		return payments.Charge{}, errLost
	case !known, b.later && what != Process:
		return payments.Charge{}, payments.ErrUnknownKey
	}
	return payments.Charge{Status: b.Status, Reference: "ref-" + key, Amount: b.Amount, Reason: DeclineReason}, nil
}

// Refund implements payments.Provider.
func (p *Provider) Refund(ctx context.Context, r payments.RefundRequest) (payments.Refund, error) {
	what := p.enter(payments.KindRefund, r.Key)
	if err := ctx.Err(); err != nil {
		return payments.Refund{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.books[r.ChargeKey]
	_, done := b.Refunds[r.Key]
	switch {
	case what == Decline && !done, what != NotReached && what != Fail && !done && r.Amount.Amount > b.Held():
		return payments.Refund{}, &payments.DeclinedError{Reason: "refund_refused"}
	case what == Approve, what == LoseAnswer, what == Decline:
		b.Refunds[r.Key] = r.Amount
	}
	if what != Approve && what != Decline {
		return payments.Refund{}, errLost
	}
	return payments.Refund{Reference: "ref-" + r.Key, Amount: r.Amount}, nil
}

// ParseWebhook implements payments.Provider. The body is
// "<event id> <kind> <key> <refund key>", signed by the header "signature: good";
// the amount is that of the books.
func (p *Provider) ParseWebhook(headers map[string]string, body []byte) (payments.WebhookEvent, error) {
	if headers["signature"] != "good" {
		return payments.WebhookEvent{}, payments.ErrInvalidSignature
	}
	words := append(strings.Fields(string(body)), "")
	if len(words) < 4 {
		return payments.WebhookEvent{}, payments.ErrMalformedWebhook
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return payments.WebhookEvent{
		ID: words[0], Kind: payments.WebhookKind(words[1]), Key: words[2], RefundKey: words[3],
		Reference: "ref-" + words[2], Amount: p.books[words[2]].Amount, Reason: DeclineReason,
	}, nil
}
