package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"gamestore.example/pkg/errs"
)

// Limits of what DecodeJSON reads.
const (
	// DefaultMaxBody bounds a request's body, in bytes.
	DefaultMaxBody = 1 << 20
	// MaxDepth is how deep arrays and objects may be nested in a body.
	MaxDepth = 32

	// blanks is the white space of JSON.
	blanks = " \t\r\n"
)

// What can be wrong with a body.
var (
	// ErrBodyRequired says that there is no body, or only null.
	ErrBodyRequired = errs.New(errs.Invalid, "body-required", "a JSON body is required")
	// ErrBodyIncomplete says that the body ended early or came too slowly.
	ErrBodyIncomplete = errs.New(errs.Invalid, "body-incomplete", "the body could not be read to its end")
	// ErrMalformedJSON says that the body is not JSON.
	ErrMalformedJSON = errs.New(errs.Invalid, "malformed-json", "the body is not valid JSON")
	// ErrTooDeep says that the body nests deeper than MaxDepth.
	ErrTooDeep = errs.New(errs.Invalid, "too-deep", fmt.Sprintf("the body is nested deeper than %d levels", MaxDepth))
	// ErrBodyTooLarge says that the body is longer than allowed.
	ErrBodyTooLarge = errs.New(errs.TooLarge, "", "the body is too large")
	// ErrMediaType says that the body is of a media type that is not read here.
	ErrMediaType = errs.New(errs.UnsupportedMedia, "", "the body must be application/json in UTF-8, without a content encoding")
)

// DecodeJSON reads the request's body, which must be one JSON value of the form of T:
// no unknown fields, nothing after it, at most MaxDepth deep, and at most
// DefaultMaxBody long unless LimitBody allows less. Its errors are of the classes
// Invalid (with the names of the fields), TooLarge and UnsupportedMedia.
func DecodeJSON[T any](r *http.Request) (T, error) {
	v, present, err := decode[T](r)
	if err == nil && !present {
		err = ErrBodyRequired
	}
	return v, err
}

// DecodeOptionalJSON is DecodeJSON for operations whose body may be left out: an
// empty one gives the zero T.
func DecodeOptionalJSON[T any](r *http.Request) (T, error) {
	v, _, err := decode[T](r)
	return v, err
}

func decode[T any](r *http.Request) (v T, present bool, err error) {
	data, err := readBody(r)
	if err != nil || len(data) == 0 {
		return v, false, err
	}
	if err := checkMediaType(r.Header); err != nil {
		return v, false, err
	}
	v, err = Unmarshal[T](data)
	return v, err == nil, err
}

// Unmarshal is DecodeJSON for a body that came by another way than HTTP.
func Unmarshal[T any](data []byte) (v T, err error) {
	var zero T
	if len(data) > DefaultMaxBody {
		return zero, tooLarge(DefaultMaxBody)
	}
	if err := scan(data); err != nil {
		return zero, err
	}
	if data = bytes.Trim(data, blanks); len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return zero, ErrBodyRequired
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return zero, jsonError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return zero, ErrMalformedJSON.WithDetail("reason", "something follows the JSON value")
	}
	return v, nil
}

// readBody returns the body without the white space around it.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > DefaultMaxBody {
		return nil, tooLarge(DefaultMaxBody)
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, DefaultMaxBody))
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return nil, tooLarge(limit.Limit)
	case err != nil && r.Context().Err() != nil && !isTimeout(err):
		return nil, r.Context().Err()
	case err != nil:
		return nil, ErrBodyIncomplete.WithCause(err)
	}
	return bytes.Trim(data, blanks), nil
}

func tooLarge(limit int64) error {
	return ErrBodyTooLarge.WithDetail("maxBytes", limit)
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

func checkMediaType(h http.Header) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return ErrMediaType
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return ErrMediaType
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return ErrMediaType
	}
	return nil
}

// scan refuses what the decoder would take or take long for: bytes that are not
// UTF-8, and deep nesting. It does not check the grammar.
func scan(data []byte) error {
	if !utf8.Valid(data) {
		return ErrMalformedJSON.WithDetail("reason", "the body is not UTF-8")
	}
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return ErrTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// jsonError says in the client's words what the decoder did not like.
func jsonError(err error) error {
	var (
		classified *errs.Error
		syntax     *json.SyntaxError
		wrongType  *json.UnmarshalTypeError
		badTime    *time.ParseError
	)
	switch {
	case errors.As(err, &classified):
		return classified
	case errors.As(err, &syntax):
		return ErrMalformedJSON.WithDetail("offset", syntax.Offset).WithCause(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrMalformedJSON.WithDetail("reason", "the body ends too early").WithCause(err)
	case errors.As(err, &wrongType):
		return wrongTypeError(wrongType)
	case errors.As(err, &badTime):
		return malformedValue("a time is not in the format of RFC 3339", nil) // the cause repeats what came
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return errs.InvalidFields(errs.Field{Name: strings.Trim(name, `"`), Message: "is not a known field", Theirs: true})
	}
	return malformedValue("a value has a wrong format", err)
}

func malformedValue(message string, cause error) error {
	return errs.New(errs.Invalid, "", message).WithCause(cause)
}

func wrongTypeError(e *json.UnmarshalTypeError) error {
	if e.Field == "" {
		return errs.New(errs.Invalid, "", "the body must be "+describe(e.Type)+", not "+kindOf(e.Value))
	}
	message := "must be " + describe(e.Type)
	if !strings.HasPrefix(e.Value, "number ") { // "number 1e99" is of the right kind, but does not fit
		message += ", not " + kindOf(e.Value)
	}
	return errs.InvalidFields(errs.Field{Name: e.Field, Message: message})
}

// kindOf names what the JSON value is; the decoder puts the digits of a number behind it.
func kindOf(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	switch kind {
	case "array", "object":
		return "an " + kind
	case "bool":
		return "a boolean"
	}
	return "a " + kind
}

// describe names the JSON that a Go type is decoded from.
func describe(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // the rest is named below
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "an integer from -9223372036854775808 to 9223372036854775807"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		limit := int64(1)<<(t.Bits()-1) - 1
		return fmt.Sprintf("an integer from %d to %d", -limit-1, limit)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("an integer from 0 to %d", ^uint64(0)>>(64-t.Bits()))
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Pointer:
		return describe(t.Elem())
	}
	return "an object"
}
