package middleware

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/errs"
)

// PanicError is the cause of the Internal error that a panic becomes. Its text,
// with the stack, is for the log.
type PanicError struct {
	// Value is what was given to panic.
	Value any
	// Stack is the stack of the goroutine that panicked.
	Stack []byte
}

// Error returns the value and the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.Value, e.Stack) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Recover turns a panic into an Internal error whose cause is a *PanicError.
func Recover() Factory {
	return func(string) endpoint.Middleware {
		return func(next endpoint.Endpoint) endpoint.Endpoint {
			return func(ctx context.Context, request any) (response any, err error) {
				defer recovered(&response, &err)
				return next(ctx, request)
			}
		}
	}
}

// recovered must be deferred directly.
func recovered(response *any, err *error) {
	if v := recover(); v != nil {
		*response, *err = nil, errs.Wrap(&PanicError{Value: v, Stack: debug.Stack()}, errs.Internal, "internal error")
	}
}
