package bus

import "gamestore.example/pkg/errs"

// What a message may be at most, in bytes. The smallest of what the brokers take: what is
// beyond it would end the session that it is sent in, again and again.
const (
	// MaxBody is of the body.
	MaxBody = 1 << 20
	// MaxHeaders is of the names and values of the headers together.
	MaxHeaders = 16 << 10
	// MaxName is of the id, the key, the content type and the name of a header.
	MaxName = 255
)

// ErrUnpublishable says that a message can never be published as it is.
var ErrUnpublishable = errs.New(errs.Invalid, "unpublishable", "the message can never be published")

// Check returns ErrUnpublishable for a message that is beyond the limits. Adapters
// refuse it before they send anything.
func Check(m Message) error {
	switch {
	case len(m.Body) > MaxBody:
		return unpublishable("the body is larger than 1 MiB")
	case len(m.ID) > MaxName || len(m.Key) > MaxName || len(m.ContentType) > MaxName:
		return unpublishable("the id, the key or the content type is longer than 255 bytes")
	}
	size := 0
	for name, value := range m.Headers {
		if len(name) > MaxName {
			return unpublishable("the name of a header is longer than 255 bytes")
		}
		size += len(name) + len(value)
	}
	if size > MaxHeaders {
		return unpublishable("the headers are larger than 16 KiB")
	}
	return nil
}

func unpublishable(reason string) error {
	return errs.New(errs.Invalid, ErrUnpublishable.Code, "the message can never be published: "+reason)
}
