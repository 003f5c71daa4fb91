package errs

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"
)

// Code is a stable, machine-readable name of a failure, in kebab case.
type Code string

// Field is one thing wrong with one field of the input.
type Field struct {
	// Name is the path of the field in the body or query, such as "price.amount".
	Name string `json:"field"`
	// Message says what is wrong, for a person.
	Message string `json:"message"`
	// Theirs says that the client made the name up. It goes back to the client alone, since
	// it may be anything, a password in the wrong place for one.
	Theirs bool `json:"-"`
}

// Error is a classified failure. Its Message is for the client; its cause, if
// any, is for the log alone. Errors are values: the With methods return copies.
type Error struct {
	Class   Class
	Code    Code
	Message string
	// Fields lists what is wrong with the input, for Invalid errors.
	Fields []Field
	// Details are extra members of the problem document, such as the link to the
	// purchase that already exists. Keys are camelCase, values JSON-encodable.
	Details map[string]any
	// RetryAfter, if positive, tells the client how long to wait.
	RetryAfter time.Duration

	cause error
}

// New returns an error of a class with a stable code and a message for clients.
// An empty code means the class's default code.
func New(class Class, code Code, message string) *Error {
	if code == "" {
		code = class.DefaultCode()
	}
	return &Error{Class: class, Code: code, Message: message}
}

// Wrap returns an error of a class whose cause is err. The message goes to the
// client, the cause only to the log.
func Wrap(err error, class Class, message string) *Error {
	e := New(class, "", message)
	e.cause = err
	return e
}

// InvalidFields returns an Invalid error that lists what is wrong, or nil when
// the list is empty.
func InvalidFields(fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	e := New(Invalid, "", "the request has invalid fields")
	e.Fields = fields
	return e
}

// Error returns the message and the causes, for the log.
func (e *Error) Error() string {
	var s strings.Builder
	s.WriteString(string(e.Code) + ": " + e.Message)
	for _, f := range e.Fields {
		name := f.Name
		if f.Theirs {
			name = "a field"
		}
		s.WriteString("; " + name + ": " + f.Message)
	}
	if e.cause != nil {
		s.WriteString(": " + e.cause.Error())
	}
	return s.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an *Error with the same code, so that a sentinel
// matches its copies and what a client decoded from an answer.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// WithDetail returns a copy that carries one more member of the problem document.
func (e *Error) WithDetail(key string, value any) *Error {
	c := *e
	c.Details = maps.Clone(e.Details)
	if c.Details == nil {
		c.Details = map[string]any{}
	}
	c.Details[key] = value
	return &c
}

// WithCause returns a copy whose cause is err.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// WithRetryAfter returns a copy that tells the client how long to wait.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// From returns the first *Error in err's chain; a context's end becomes Timeout
// and everything else Internal, with err as the cause. From(nil) is nil.
func From(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Wrap(err, Timeout, "the request took too long")
	}
	return Wrap(err, Internal, "internal error")
}

// ClassOf returns err's class.
func ClassOf(err error) Class { return From(err).Class }

// CodeOf returns err's code, or "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return From(err).Code
}

// SettleOf returns what a consumer does after its handler returned err.
func SettleOf(err error) Settle {
	if err == nil {
		return Ack
	}
	return ClassOf(err).Settle()
}

// Retryable reports whether the same call may succeed later.
func Retryable(err error) bool {
	s := SettleOf(err)
	return s == Retry || s == Hold
}
