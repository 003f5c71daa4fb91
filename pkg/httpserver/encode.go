package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

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
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("httpserver: encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
	return nil
}
