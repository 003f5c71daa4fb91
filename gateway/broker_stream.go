package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/rpc"
)

const (
	// heartbeat is how often a silent stream says that it lives.
	heartbeat = 15 * time.Second
	// streamPause is the least time between two looks at a purchase that does not change.
	streamPause = time.Second
)

// ErrTooManyStreams says that the gateway watches as much as it can.
var ErrTooManyStreams = errs.New(errs.Unavailable, "too-many-streams", "too many purchases are being watched; ask for this one from time to time").
	WithRetryAfter(5 * time.Second)

// seen is what a stream knows of its purchase.
type seen struct {
	ID     string `json:"id"`
	Status string `json:"status"`

	version string
	data    []byte
}

// stream answers with the server-sent events of a purchase, as the service does over
// HTTP: what it is now, then each change, until nobody is working on it any more. It
// needs no goroutine but the request's own. It also ends when the client goes, when the
// server drains, and when the service does not answer; the client connects again.
func (b *Broker) stream(w http.ResponseWriter, r *http.Request, find rpc.Request) {
	ctx := r.Context()
	select {
	case b.streams <- struct{}{}:
		defer func() { <-b.streams }()
	default:
		httpserver.WriteError(ctx, w, ErrTooManyStreams)
		return
	}
	delete(find.Headers, rpc.HeaderIfNoneMatch) // it is for answers that are no stream
	a, now, err := b.look(ctx, find, readTimeout)
	switch {
	case err != nil:
		b.refuse(w, r, err)
		return
	case a.Status >= http.StatusBadRequest:
		writeAnswer(w, r, a)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	for err = send(w, now.event()); err == nil && !games.Settled(now.Status); {
		now, err = b.next(ctx, w, find, now)
	}
}

// next sends the next event, or that there is none for a while. An error ends the stream.
func (b *Broker) next(ctx context.Context, w http.ResponseWriter, find rpc.Request, now seen) (seen, error) {
	body, err := json.Marshal(games.AwaitPurchaseRequest{PurchaseID: now.ID, Status: now.Status, WaitMillis: heartbeat.Milliseconds()})
	if err != nil {
		return now, err
	}
	pause := time.NewTimer(streamPause)
	defer pause.Stop()
	a, next, err := b.look(ctx, rpc.Request{Operation: games.OpAwaitPurchase, Headers: find.Headers, Body: body}, heartbeat+readTimeout)
	switch {
	case err != nil:
		return now, err
	case a.Status >= http.StatusBadRequest:
		return now, a.Err()
	case next.Status != now.Status:
		return next, send(w, next.event())
	}
	select { // a service that does not wait is not asked all the time
	case <-pause.C:
		return next, send(w, ": still "+next.Status+"\n\n")
	case <-ctx.Done():
		return now, ctx.Err()
	}
}

// look asks for the purchase.
func (b *Broker) look(ctx context.Context, r rpc.Request, patience time.Duration) (rpc.Answer, seen, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := ask(ctx, b.watcher, r)
	if err != nil || a.Status >= http.StatusBadRequest {
		return a, seen{}, err
	}
	s := seen{version: strings.Trim(a.Headers[rpc.HeaderETag], `"`), data: bytes.TrimSpace(a.Body)}
	if err := json.Unmarshal(a.Body, &s); err != nil || s.ID == "" || s.Status == "" || strings.ContainsAny(s.version, "\r\n") || bytes.ContainsAny(s.data, "\r\n") {
		return a, s, badAnswer()
	}
	return a, s, nil
}

func (s seen) event() string {
	return fmt.Sprintf("event: %s\nid: %s\ndata: %s\n\n", games.PurchaseEvent, s.version, s.data)
}

// send sends at once.
func send(w http.ResponseWriter, text string) error {
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
