// Package contract holds what crosses the boundary of a service: the HTTP bodies,
// the events with their routing keys, and their OpenAPI and AsyncAPI documents,
// in one package per producer. It imports the standard library alone, so that
// anybody can read it.
package contract

// Money is an amount in minor units: 1999 BRL is R$ 19.99.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Page is one page of a list. NextCursor is empty on the last one.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// FieldError is one thing wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Problem is the body of every error answer: RFC 9457 with a stable code. Some
// codes add members of their own; the OpenAPI document lists them.
type Problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail,omitempty"`
	Instance string       `json:"instance,omitempty"`
	Code     string       `json:"code"`
	TraceID  string       `json:"traceId"`
	Errors   []FieldError `json:"errors,omitempty"`
}

// ProblemContentType is the media type of Problem.
const ProblemContentType = "application/problem+json"
