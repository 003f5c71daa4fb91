package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

// ErrUnreachable says that no store answers at the socket.
var ErrUnreachable = errs.New(errs.Unavailable, "store-unreachable", "the store does not answer at its control socket")

// Client calls a running store.
type Client struct{ http *http.Client }

// NewClient returns a client of the store in a data folder. It connects with each call.
func NewClient(dir string) *Client {
	path := filepath.Join(dir, socketName)
	return &Client{http: &http.Client{Timeout: callTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}}
}

// Replay puts a dead letter back into its queue, as bus.DeadLetters does.
// ErrUnreachable if nobody answers.
func (c *Client) Replay(ctx context.Context, queue, messageID string) error {
	return c.post(ctx, pathReplay, letter{queue, messageID})
}

// Drop deletes a dead letter for good, as bus.DeadLetters does. ErrUnreachable if
// nobody answers.
func (c *Client) Drop(ctx context.Context, queue, messageID string) error {
	return c.post(ctx, pathDrop, letter{queue, messageID})
}

func (c *Client) post(ctx context.Context, path string, l letter) error {
	body, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://store"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return ErrUnreachable.WithCause(err)
	}
	defer resp.Body.Close()
	return httpserver.DecodeError(resp)
}
