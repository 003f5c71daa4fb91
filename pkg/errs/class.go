package errs

import "net/http"

// Class is the kind of a failure. The zero value is Internal, so that an error
// nobody classified is never shown to a client.
type Class uint8

// The classes. Each row of the table below gives one its meaning outside.
const (
	Internal Class = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	MethodNotAllowed
	Conflict
	Gone
	PreconditionFailed
	TooLarge
	UnsupportedMedia
	Unprocessable
	PreconditionRequired
	RateLimited
	Unavailable
	Timeout
)

// Settle is what a consumer does with a delivery after its handler returned.
type Settle uint8

const (
	// Ack removes the delivery from its queue.
	Ack Settle = iota
	// Retry sends the delivery down the retry ladder, then to the dead letters.
	Retry
	// Dead sends the delivery to the dead letters at once: no retry can mend it.
	Dead
	// Hold keeps the delivery and tries again in process, without counting an
	// attempt: the consumer's own store is down, which is not the message's fault.
	Hold
)

// String returns the name that logs and metrics use.
func (s Settle) String() string {
	return [...]string{"ack", "retry", "dead", "hold"}[s]
}

// row is the one table: class ↔ default code ↔ HTTP status ↔ settle decision.
// NotFound, Conflict and PreconditionFailed are retried because no ordering is
// promised: what is missing or at another version may be right a moment later.
func (c Class) row() (code Code, status int, settle Settle) {
	switch c {
	case Invalid:
		return "invalid", http.StatusBadRequest, Dead
	case Unauthenticated:
		return "unauthenticated", http.StatusUnauthorized, Dead
	case Forbidden:
		return "forbidden", http.StatusForbidden, Dead
	case NotFound:
		return "not-found", http.StatusNotFound, Retry
	case MethodNotAllowed:
		return "method-not-allowed", http.StatusMethodNotAllowed, Dead
	case Conflict:
		return "conflict", http.StatusConflict, Retry
	case Gone:
		return "gone", http.StatusGone, Dead
	case PreconditionFailed:
		return "precondition-failed", http.StatusPreconditionFailed, Retry
	case TooLarge:
		return "too-large", http.StatusRequestEntityTooLarge, Dead
	case UnsupportedMedia:
		return "unsupported-media-type", http.StatusUnsupportedMediaType, Dead
	case Unprocessable:
		return "unprocessable", http.StatusUnprocessableEntity, Dead
	case PreconditionRequired:
		return "precondition-required", http.StatusPreconditionRequired, Dead
	case RateLimited:
		return "rate-limited", http.StatusTooManyRequests, Retry
	case Unavailable:
		return "unavailable", http.StatusServiceUnavailable, Hold
	case Timeout:
		return "timeout", http.StatusGatewayTimeout, Retry
	case Internal:
	}
	return "internal", http.StatusInternalServerError, Retry
}

// DefaultCode is the code of an error of this class that names no other.
func (c Class) DefaultCode() Code { code, _, _ := c.row(); return code }

// HTTPStatus is the status a client gets for an error of this class.
func (c Class) HTTPStatus() int { _, status, _ := c.row(); return status }

// Settle is what a consumer does with a delivery that failed with this class.
func (c Class) Settle() Settle { _, _, settle := c.row(); return settle }

// ClassOfStatus is the inverse of HTTPStatus, for clients that decode an
// answer. An unknown 4xx is Invalid; anything else unknown is Internal.
func ClassOfStatus(status int) Class {
	for c := Internal; c <= Timeout; c++ {
		if c.HTTPStatus() == status {
			return c
		}
	}
	switch {
	case status >= 400 && status < 500:
		return Invalid
	case status == http.StatusBadGateway:
		return Unavailable
	}
	return Internal
}
