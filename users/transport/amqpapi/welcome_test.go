package amqpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/middleware"
	"gamestore.example/pkg/observe"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/amqpapi"
)

// welcomer remembers what it was told to do.
type welcomer struct {
	got []users.Welcome
	ctx context.Context //nolint:containedctx // the last call's, to be looked into
	err error
}

func (w *welcomer) subscription() bus.Subscription {
	return amqpapi.WelcomeSubscription(endpoints.Welcome{WelcomeEndpoint: func(ctx context.Context, request any) (any, error) {
		w.got, w.ctx = append(w.got, request.(users.Welcome)), ctx //nolint:forcetypeassert // the test fails with it
		return nil, w.err
	}})
}

func TestTheGoldenUserCreatedBecomesAWelcome(t *testing.T) {
	w := &welcomer{}
	s := w.subscription()
	if s.Queue.Name != contractusers.QueueWelcome || len(s.Queue.Keys) != 1 || s.Queue.Keys[0] != contractusers.KeyUserCreated {
		t.Errorf("queue %+v", s.Queue)
	}
	golden := contractusers.Golden(contractusers.KeyUserCreated)
	if err := s.Handler(t.Context(), bus.Message{ID: "of the message", Key: contractusers.KeyUserCreated, Body: golden}); err != nil {
		t.Fatal(err)
	}
	const id = "01995b2c-7f3a-7c11-9a53-0c6c2f1d8e01"
	want := []users.Welcome{{EventID: id, UserID: "01995b2c-7f39-7d02-8b1e-5a4f3c2b1a00"}}
	if diff := cmp.Diff(want, w.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if o := event.OriginFrom(w.ctx); o != (event.Origin{CorrelationID: "req-1", CausationID: id}) || observe.RequestID(w.ctx) != "req-1" {
		t.Errorf("origin %+v, request id %q", o, observe.RequestID(w.ctx))
	}
}

// poisoned returns bodies that are no user.created of the known version.
func poisoned(t testing.TB) map[string][]byte {
	t.Helper()
	golden := contractusers.Golden(contractusers.KeyUserCreated)
	spoil := func(f func(*event.Event)) []byte {
		e, err := event.Unmarshal(golden)
		if err != nil {
			t.Fatal(err)
		}
		f(&e)
		b, err := event.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return map[string][]byte{
		"nothing":            nil,
		"no JSON":            []byte("\x00\xff"),
		"half an event":      golden[:len(golden)/2],
		"another type":       spoil(func(e *event.Event) { e.Type = event.Type(contractusers.KeyUserDeleted, "v1") }),
		"an unknown version": spoil(func(e *event.Event) { e.Type = event.Type(contractusers.KeyUserCreated, "v2") }),
		"other data":         spoil(func(e *event.Event) { e.Data = json.RawMessage(`{"userId": 7}`) }),
		"too large":          []byte(strings.Repeat(" ", event.MaxSize+1)),
	}
}

func TestPoisonIsNoWelcome(t *testing.T) {
	for name, body := range poisoned(t) {
		w := &welcomer{}
		err := w.subscription().Handler(t.Context(), bus.Message{ID: "m", Key: contractusers.KeyUserCreated, Body: body})
		if errs.SettleOf(err) != errs.Dead || len(w.got) > 0 {
			t.Errorf("%s: settled as %v (%v), the service got %v", name, errs.SettleOf(err), err, w.got)
		}
	}
}

func TestTheWelcomesErrorDecidesWhatBecomesOfTheDelivery(t *testing.T) {
	w := &welcomer{err: users.ErrContactUnknown}
	m := bus.Message{Key: contractusers.KeyUserCreated, Body: contractusers.Golden(contractusers.KeyUserCreated)}
	if err := w.subscription().Handler(t.Context(), m); errs.SettleOf(err) != errs.Hold {
		t.Errorf("settled as %v (%v)", errs.SettleOf(err), err)
	}
}

func FuzzWelcome(f *testing.F) {
	f.Add(contractusers.Golden(contractusers.KeyUserCreated))
	for _, body := range poisoned(f) {
		f.Add(body)
	}
	s := (&welcomer{}).subscription()
	f.Fuzz(func(t *testing.T, body []byte) {
		err := s.Handler(t.Context(), bus.Message{ID: "1", Key: contractusers.KeyUserCreated, Body: body})
		if err != nil && errs.SettleOf(err) != errs.Dead {
			t.Errorf("settled as %v: %v", errs.SettleOf(err), err)
		}
	})
}

// reach is contacts that answer as they are told.
type reach struct {
	last    any
	contact users.Contact
	err     error
}

func (r *reach) Contact(_ context.Context, q users.GetContact) (users.Contact, error) {
	r.last = q
	return r.contact, r.err
}

// serviceOnly takes the token "service" for a service's, and every other one for a user's.
type serviceOnly struct{ anybody }

func (s serviceOnly) Verify(ctx context.Context, raw string) (auth.Principal, error) {
	if raw == "service" {
		return auth.Principal{Roles: []string{auth.RoleService}}, nil
	}
	return s.anybody.Verify(ctx, raw)
}

func TestServicesAskHowToReachPeople(t *testing.T) {
	want := users.Contact{UserID: "u", Name: "Ана", Email: "ana@example.com"}
	r := &reach{}
	server, err := amqpapi.NewServer(endpoints.Set{}, endpoints.NewContacts(r, middleware.Chain(), serviceOnly{}), http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	caller := rpc.CallerFunc(func(_ context.Context, r rpc.Request) (rpc.Answer, error) {
		return server.Serve(context.Background(), r), nil
	})
	client, q := amqpapi.NewContactsClient(caller), users.GetContact{UserID: "u"}
	ask := func(token string) (users.Contact, error) {
		return client.Contact(auth.WithToken(t.Context(), token), q)
	}

	*r = reach{contact: want}
	if got, err := ask("service"); err != nil || got != want || r.last != q {
		t.Errorf("got %+v and %v; the service got %v", got, err, r.last)
	}
	*r = reach{err: users.ErrUserNotFound.WithCause(errors.New("secret"))}
	if _, err := ask("service"); !errors.Is(err, users.ErrUserNotFound) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	for token, want := range map[string]error{"": auth.ErrTokenRequired, "forged": auth.ErrTokenInvalid, "u": auth.ErrForbidden} {
		*r = reach{}
		if _, err := ask(token); !errors.Is(err, want) || r.last != nil {
			t.Errorf("the token %q: %v; the service got %v", token, err, r.last)
		}
	}
	for _, body := range []string{"", "{", "{}", "[]", `{"userId":""}`, `{"userId":"u","all":true}`, `{"userId":"` + strings.Repeat("x", 65) + `"}`, "\xff"} {
		*r = reach{}
		a, err := caller.Call(t.Context(), rpc.Request{
			Operation: contractusers.OpContact, Headers: map[string]string{"authorization": "Bearer service"}, Body: []byte(body),
		})
		if err != nil || a.Status != http.StatusBadRequest || r.last != nil {
			t.Errorf("the body %q: %v, %d %s; the service got %v", body, err, a.Status, a.Body, r.last)
		}
	}
}
