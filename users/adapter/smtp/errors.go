package smtp

import (
	"errors"
	"fmt"

	"github.com/wneessen/go-mail"

	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

var (
	// ErrServer says that the server cannot be used at all now: it is away, it refuses the
	// login or the sender, or its certificate is not to be trusted.
	ErrServer = errs.New(errs.Unavailable, "mail-server-unavailable", "the mail server cannot be used")
	// ErrUnknown says that the connection was lost after the mail was sent and before the
	// server said whether it took it.
	ErrUnknown = errs.New(errs.Timeout, "mail-outcome-unknown", "the mail server did not say whether it took the mail")
)

// closing is the reply of a server that goes away, RFC 5321.
const closing = 421

// permanent is the first of the replies that another try does not change.
const permanent = 500

// classify says whose fault a failed delivery is. What the server replied about the recipient
// may have the address in it, so that of its reply only the numbers become the cause.
func classify(err error) error {
	var e *mail.SendError
	if !errors.As(err, &e) { // no session
		return ErrServer.WithCause(err)
	}
	code := e.ErrorCode()
	cause := fmt.Errorf("smtp: %s: reply %d %s", e.Reason, code, e.EnhancedStatusCode())
	sent := e.Reason == mail.ErrWriteContent || e.Reason == mail.ErrSMTPDataClose
	switch {
	case code == closing:
		return ErrServer.WithCause(cause)
	case code == 0 && sent:
		return ErrUnknown.WithCause(cause)
	case code == 0: // the connection was lost
		return ErrServer.WithCause(cause)
	case code < permanent:
		return users.ErrDeferred.WithCause(cause)
	case e.Reason == mail.ErrSMTPMailFrom: // our sender, not who is to get the mail
		return ErrServer.WithCause(cause)
	}
	return users.ErrRefused.WithCause(cause)
}
