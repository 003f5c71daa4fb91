package rabbit

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"gamestore.example/pkg/errs"
)

// A broker that fails in the middle of a declaration must not end a process that
// starts: only what will never succeed may.
func TestADeclarationFailsForGoodOrForNow(t *testing.T) {
	code := func(code int) error { return fmt.Errorf("declare queue x: %w", &amqp.Error{Code: code}) }
	for _, tc := range []struct {
		name    string
		err     error
		forGood bool
	}{
		{"another queue of this name", errors.Join(code(amqp.PreconditionFailed), amqp.ErrClosed), true},
		{"no right", code(amqp.AccessRefused), true},
		{"no such exchange", code(amqp.NotFound), true},
		{"not allowed", code(amqp.NotAllowed), true},
		{"an internal error of a busy broker", errors.Join(code(amqp.InternalError), amqp.ErrClosed), false},
		{"the broker stops", code(amqp.ConnectionForced), false},
		{"the connection is closed", amqp.ErrClosed, false},
		{"the connection broke", io.ErrUnexpectedEOF, false},
		{"the network is gone", &net.OpError{Op: "read", Err: errors.New("reset")}, false},
	} {
		got := declareError(tc.err)
		if forGood := errs.ClassOf(got) != errs.Unavailable; forGood != tc.forGood || !errors.Is(got, tc.err) {
			t.Errorf("%s: %v is for good: %t, want %t", tc.name, got, forGood, tc.forGood)
		}
	}
	if err := declareError(nil); err != nil {
		t.Error(err)
	}
}
