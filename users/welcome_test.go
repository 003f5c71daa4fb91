package users_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

// desk is contacts and a notifier that answer as they are told, and remember.
type desk struct {
	contact users.Contact
	unknown error // why there is no contact
	failure error // why nobody is notified
	sent    []users.Notification
}

func (d *desk) Contact(_ context.Context, q users.GetContact) (users.Contact, error) {
	if d.unknown != nil {
		return users.Contact{}, d.unknown
	}
	c := d.contact
	c.UserID = q.UserID
	return c, nil
}

func (d *desk) Notify(_ context.Context, n users.Notification) error {
	d.sent = append(d.sent, n)
	return d.failure
}

func reception(t *testing.T, d *desk) *users.Reception {
	t.Helper()
	r, err := users.NewReception(d, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestANewUserIsWelcomed(t *testing.T) {
	d := &desk{contact: users.Contact{Name: "Зоя Ñandú", Email: "zoe@example.com"}}
	r := reception(t, d)
	for range 2 {
		if err := r.Welcome(t.Context(), users.Welcome{EventID: "e-1", UserID: "u-1"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.sent) != 2 {
		t.Fatalf("%d notifications", len(d.sent))
	}
	n := d.sent[0]
	if diff := cmp.Diff(n, d.sent[1]); diff != "" {
		t.Errorf("the repetition is another notification:\n%s", diff)
	}
	if n.ID != "welcome-e-1" || n.To != (users.Contact{UserID: "u-1", Name: "Зоя Ñandú", Email: "zoe@example.com"}) ||
		n.Subject == "" || !strings.HasPrefix(n.Text, "Hello Зоя Ñandú,\n") {
		t.Errorf("got %+v", n)
	}
}

func TestWhoWasDeletedMeanwhileIsNotWelcomed(t *testing.T) {
	d := &desk{unknown: users.ErrUserNotFound.WithCause(errors.New("gone"))}
	if err := reception(t, d).Welcome(t.Context(), users.Welcome{EventID: "e", UserID: "u"}); err != nil || len(d.sent) != 0 {
		t.Errorf("got %v, sent %+v", err, d.sent)
	}
}

func TestWhatKeepsEverybodyFromBeingWelcomedIsHeld(t *testing.T) {
	for _, tc := range []struct {
		unknown error
		settle  errs.Settle
	}{
		{errs.New(errs.Unavailable, "", "the broker is away"), errs.Hold},
		{context.DeadlineExceeded, errs.Hold},
		{auth.ErrTokenInvalid, errs.Hold},
		{auth.ErrForbidden, errs.Hold},
		{errs.New(errs.NotFound, "unknown-operation", "an older service"), errs.Hold},
		{errs.New(errs.RateLimited, "", "too often"), errs.Hold},
		{errs.New(errs.Invalid, "", "no id of ours"), errs.Dead},
		{errors.New("a mistake in the service"), errs.Retry},
	} {
		d := &desk{unknown: tc.unknown}
		err := reception(t, d).Welcome(t.Context(), users.Welcome{EventID: "e", UserID: "u"})
		if errs.SettleOf(err) != tc.settle || len(d.sent) != 0 {
			t.Errorf("%v: settled as %v (%v)", tc.unknown, errs.SettleOf(err), err)
		}
	}
}

func TestTheNotifiersFailureIsPassedOn(t *testing.T) {
	d := &desk{failure: users.ErrRefused}
	if err := reception(t, d).Welcome(t.Context(), users.Welcome{EventID: "e", UserID: "u"}); !errors.Is(err, users.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

// TestNobodyIsSentALinkInTheStoresName: anybody can sign somebody else up, with any name.
func TestNobodyIsSentALinkInTheStoresName(t *testing.T) {
	for name, greeting := range map[string]string{
		"Ana":                        "Hello Ana,",
		"Dr. J. R. Núñez Jr.":        "Hello Dr. J. R. Núñez Jr.,",
		"Tom & Jerry":                "Hello Tom & Jerry,",
		"می\u200cخواهم":              "Hello می\u200cخواهم,",
		"  Ana\t\n Maria ":           "Hello Ana Maria,",
		"Ana\r\nSubject: you won":    "Hello,",
		"WIN http://evil.example":    "Hello,",
		"www.evil.example":           "Hello,",
		"evil。example":               "Hello,",
		"mail me@evil.example":       "Hello,",
		"<a href=x>Ana</a>":          "Hello,",
		"":                           "Hello,",
		"\u202e\u0000":               "Hello,",
		"click tel:123":              "Hello,",
		"Ana\u202e gnirts desrever ": "Hello Ana gnirts desrever,",
	} {
		d := &desk{contact: users.Contact{Name: name, Email: "a@example.com"}}
		if err := reception(t, d).Welcome(t.Context(), users.Welcome{EventID: "e", UserID: "u"}); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(d.sent[0].Text, "\n"); got != greeting {
			t.Errorf("%q is greeted with %q, want %q", name, got, greeting)
		}
	}
}

func TestIdsThatCannotBePartsOfAHeader(t *testing.T) {
	d := &desk{}
	for _, id := range []string{"", "a b", "a\r\nBcc: x", "a@b", "é", "<", strings.Repeat("x", 65)} {
		for _, c := range []users.Welcome{{EventID: id, UserID: "u"}, {EventID: "e", UserID: id}} {
			if err := reception(t, d).Welcome(t.Context(), c); errs.SettleOf(err) != errs.Dead {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
	if len(d.sent) != 0 {
		t.Errorf("sent %+v", d.sent)
	}
}

func TestAReceptionNeedsBoth(t *testing.T) {
	if _, err := users.NewReception(nil, &desk{}); err == nil {
		t.Error("no error without contacts")
	}
	if _, err := users.NewReception(&desk{}, nil); err == nil {
		t.Error("no error without a notifier")
	}
}
