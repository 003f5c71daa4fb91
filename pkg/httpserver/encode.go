package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// maxPooled is the capacity above which a buffer is not kept, in bytes.
const maxPooled = 64 << 10

// encoder is a buffer with a JSON encoder that writes to it.
type encoder struct {
	buf bytes.Buffer
	enc *json.Encoder
}

// encoders spares an allocation per answer. It holds no state between two uses.
var encoders = sync.Pool{New: func() any { //nolint:gochecknoglobals // a pool of scratch memory
	e := new(encoder)
	e.enc = json.NewEncoder(&e.buf)
	e.enc.SetEscapeHTML(false)
	return e
}}

// WriteJSON answers with v as JSON; a nil v answers without a body. It encodes first,
// so an error means that nothing was written yet and an error may still be
// answered. A client that is gone is not an error: there is nobody to tell.
func WriteJSON(ctx context.Context, w http.ResponseWriter, status int, v any) error {
	return writeJSON(ctx, w, status, "application/json", v)
}

func writeJSON(_ context.Context, w http.ResponseWriter, status int, contentType string, v any) error {
	if v == nil {
		w.WriteHeader(status)
		return nil
	}
	e, _ := encoders.Get().(*encoder)
	defer func() {
		if e.buf.Cap() <= maxPooled {
			encoders.Put(e)
		}
	}()
	e.buf.Reset()
	if err := e.enc.Encode(v); err != nil {
		return fmt.Errorf("httpserver: encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(e.buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(e.buf.Bytes())
	return nil
}
