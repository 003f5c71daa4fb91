package httpapi

import (
	"context"
	"fmt"
	"net/http"

	kithttp "github.com/go-kit/kit/transport/http"

	"gamestore.example/games"
	contractgames "gamestore.example/pkg/contract/games"
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
	w.Header().Set("ETag", etag(g.Version))
	return httpserver.WriteJSON(ctx, w, http.StatusOK, gameBody(g))
}

func encodeCreated(ctx context.Context, w http.ResponseWriter, response any) error {
	g, err := as[games.Game](response)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(g.Version))
	w.Header().Set("Location", pathGames+"/"+g.ID)
	return httpserver.WriteJSON(ctx, w, http.StatusCreated, gameBody(g))
}

// encodePurchase answers 304 when the client has this state.
func encodePurchase(ctx context.Context, w http.ResponseWriter, response any) error {
	p, err := as[games.Purchase](response)
	if err != nil {
		return err
	}
	tag := etag(p.Version)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if unchanged(ctx, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return httpserver.WriteJSON(ctx, w, http.StatusOK, purchaseBody(p))
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
	w.Header().Set("ETag", etag(r.Purchase.Version))
	if r.Replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return httpserver.WriteJSON(ctx, w, status, purchaseBody(r.Purchase))
}

// all maps a list; none is an empty list, not null.
func all[A, B any](as []A, f func(A) B) []B {
	bs := make([]B, 0, len(as))
	for _, a := range as {
		bs = append(bs, f(a))
	}
	return bs
}

func gameBody(g games.Game) contractgames.Game {
	return contractgames.Game{
		ID: g.ID, Name: g.Name, Description: g.Description, Category: g.Category, Price: amount(g.Price), ReleasedAt: g.ReleasedAt.UTC(),
		Purchases: g.Purchases, Version: g.Version,
	}
}

func facetBody(f games.Facet) contractgames.Facet {
	return contractgames.Facet{Category: f.Category, Count: f.Count}
}

func gamePage(r games.SearchResult) contractgames.GamePage {
	return contractgames.GamePage{Items: all(r.Games, gameBody), Facets: all(r.Facets, facetBody), NextCursor: r.NextCursor}
}

func categories(fs []games.Facet) contractgames.Categories {
	return contractgames.Categories{Items: all(fs, facetBody)}
}

func purchaseBody(p games.Purchase) contractgames.Purchase {
	b := contractgames.Purchase{
		ID: p.ID, GameID: p.GameID, Price: amount(p.Price), Status: string(p.Status), FailureReason: p.FailureReason,
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if !p.CompletedAt.IsZero() {
		at := p.CompletedAt.UTC()
		b.CompletedAt = &at
	}
	return b
}

func purchasePage(page games.PurchasePage) contractgames.PurchasePage {
	return contractgames.PurchasePage{Items: all(page.Purchases, purchaseBody), NextCursor: page.NextCursor}
}

func libraryPage(page games.LibraryPage) contractgames.LibraryPage {
	return contractgames.LibraryPage{NextCursor: page.NextCursor, Items: all(page.Items, func(o games.OwnedGame) contractgames.LibraryItem {
		return contractgames.LibraryItem{
			Game: gameBody(o.Game), PurchaseID: o.Purchase.ID, Status: string(o.Purchase.Status), PurchasedAt: o.Purchase.CompletedAt.UTC(),
		}
	})}
}

func recommendations(rs []games.Recommendation) contractgames.Recommendations {
	return contractgames.Recommendations{Items: all(rs, func(r games.Recommendation) contractgames.Recommendation {
		return contractgames.Recommendation{Game: gameBody(r.Game), Reason: string(r.Reason), Category: r.Category}
	})}
}
