package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	kithttp "github.com/go-kit/kit/transport/http"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
)

// heartbeat is how often a silent stream says that it lives.
const heartbeat = 15 * time.Second

// stream answers with server-sent events: the purchase that the endpoint found at
// once, then each change, until nobody is working on the purchase any more. It
// also ends when the client goes, when the server drains (the context ends), and
// when the token does; the client connects again.
func stream(set endpoints.Set) kithttp.EncodeResponseFunc {
	return func(ctx context.Context, w http.ResponseWriter, response any) error {
		p, err := as[games.Purchase](response)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
		if err := writeEvent(w, p); err != nil {
			return nil //nolint:nilerr // the client is gone
		}
		for !p.Status.Settled() {
			next, err := set.AwaitPurchase(ctx, games.AwaitPurchase{PurchaseID: p.ID, Status: p.Status, Wait: heartbeat})
			switch {
			case err != nil:
				return nil //nolint:nilerr // the endpoint's middleware has logged it; the answer has begun
			case next.Status == p.Status:
				err = write(w, ": still "+string(p.Status)+"\n\n")
			default:
				err = writeEvent(w, next)
			}
			if err != nil {
				return nil //nolint:nilerr // the client is gone
			}
			p = next
		}
		return nil
	}
}

func writeEvent(w http.ResponseWriter, p games.Purchase) error {
	data, err := json.Marshal(dto.Purchase(p))
	if err != nil {
		return fmt.Errorf("httpapi: encode event: %w", err)
	}
	return write(w, fmt.Sprintf("event: %s\nid: %d\ndata: %s\n\n", contractgames.PurchaseEvent, p.Version, data))
}

// write sends at once.
func write(w http.ResponseWriter, text string) error {
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
