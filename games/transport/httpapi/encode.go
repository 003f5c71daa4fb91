package httpapi

import (
	"context"
	"fmt"
	"net/http"

	kithttp "github.com/go-kit/kit/transport/http"

	"gamestore.example/games"
	"gamestore.example/games/transport/dto"
	"gamestore.example/pkg/httpserver"
)

// retryAfter is when it is worth looking at an accepted purchase, in seconds.
const retryAfter = "1"

// as is the typed response of an endpoint.
func as[R any](response any) (R, error) {
	r, ok := response.(R)
	if !ok {
		return r, fmt.Errorf("httpapi: the endpoint answered a %T, want a %T", response, r)
	}
	return r, nil
}

// encode answers 200 with the body that f makes of the response.
func encode[R, B any](f func(R) B) kithttp.EncodeResponseFunc {
	return func(ctx context.Context, w http.ResponseWriter, response any) error {
		r, err := as[R](response)
		if err != nil {
			return err
		}
		return httpserver.WriteJSON(ctx, w, http.StatusOK, f(r))
	}
}

func encodeNothing(_ context.Context, w http.ResponseWriter, _ any) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func encodeGame(ctx context.Context, w http.ResponseWriter, response any) error {
	g, err := as[games.Game](response)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", dto.ETag(g.Version))
	return httpserver.WriteJSON(ctx, w, http.StatusOK, dto.Game(g))
}

func encodeCreated(ctx context.Context, w http.ResponseWriter, response any) error {
	g, err := as[games.Game](response)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", dto.ETag(g.Version))
	w.Header().Set("Location", pathGames+"/"+g.ID)
	return httpserver.WriteJSON(ctx, w, http.StatusCreated, dto.Game(g))
}

// encodePurchase answers 304 when the client has this state.
func encodePurchase(ctx context.Context, w http.ResponseWriter, response any) error {
	p, err := as[games.Purchase](response)
	if err != nil {
		return err
	}
	tag := dto.ETag(p.Version)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if unchanged(ctx, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return httpserver.WriteJSON(ctx, w, http.StatusOK, dto.Purchase(p))
}

func encodeReceipt(ctx context.Context, w http.ResponseWriter, response any) error {
	return writeReceipt(ctx, w, http.StatusOK, response)
}

func encodeAccepted(ctx context.Context, w http.ResponseWriter, response any) error {
	r, err := as[games.Receipt](response)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/purchases/"+r.Purchase.ID)
	w.Header().Set("Retry-After", retryAfter)
	return writeReceipt(ctx, w, http.StatusAccepted, response)
}

func encodeRefunding(ctx context.Context, w http.ResponseWriter, response any) error {
	w.Header().Set("Retry-After", retryAfter)
	return writeReceipt(ctx, w, http.StatusAccepted, response)
}

func writeReceipt(ctx context.Context, w http.ResponseWriter, status int, response any) error {
	r, err := as[games.Receipt](response)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", dto.ETag(r.Purchase.Version))
	if r.Replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return httpserver.WriteJSON(ctx, w, status, dto.Purchase(r.Purchase))
}
