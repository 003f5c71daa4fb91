package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"

	"gamestore.example/games"
	"gamestore.example/games/endpoints"
	"gamestore.example/games/transport/dto"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

const (
	// maxAnswer bounds what the client reads of an answer, in bytes.
	maxAnswer = 4 << 20
	// pollWait is how long the client lets one request wait: less than what
	// proxies and gateways bound a request to.
	pollWait = 3 * time.Second
)

// NewClient returns the service behind baseURL. The caller's token comes from the
// context, and the UserID of a command is not sent. A client knows of a purchase what
// the API tells: neither the user, nor the payment. A nil client means
// httpserver.NewClient().
func NewClient(baseURL *url.URL, client *http.Client) (endpoints.Set, error) {
	if baseURL == nil || baseURL.Host == "" || (baseURL.Scheme != "http" && baseURL.Scheme != "https") {
		return endpoints.Set{}, errors.New("httpapi: the base URL must be http://host or https://host")
	}
	baseURL = baseURL.JoinPath("/") // below an empty path, JoinPath would make relative ones
	options := httpserver.ClientOptions(client)
	call := func(method, path string, send sender, receive kithttp.DecodeResponseFunc) endpoint.Endpoint {
		return kithttp.NewClient(method, baseURL, send.to(baseURL, path), receive, options...).Endpoint()
	}
	return endpoints.Set{
		SearchGamesEndpoint:     call(http.MethodGet, pathGames, searchQuery, receive(dto.ToResult)),
		CreateGameEndpoint:      call(http.MethodPost, pathGames, createBody, receive(dto.ToGame)),
		GetGameEndpoint:         call(http.MethodGet, pathGame, getGame, receive(dto.ToGame)),
		UpdateGameEndpoint:      call(http.MethodPut, pathGame, updateBody, receive(dto.ToGame)),
		DeleteGameEndpoint:      call(http.MethodDelete, pathGame, deleteGame, receiveNothing),
		ListCategoriesEndpoint:  call(http.MethodGet, pathCategories, nothing, receive(dto.ToFacets)),
		PurchaseGameEndpoint:    call(http.MethodPost, pathBuy, purchaseRequest, receiveReceipt),
		GetPurchaseEndpoint:     call(http.MethodGet, pathPurchase, getPurchase, receivePurchase),
		AwaitPurchaseEndpoint:   repeated(call(http.MethodGet, pathPurchase, awaitQuery, receivePurchase)),
		CancelPurchaseEndpoint:  call(http.MethodPost, pathCancel, cancel, receiveReceipt),
		RequestRefundEndpoint:   call(http.MethodPost, pathRefund, refund, receiveReceipt),
		ListPurchasesEndpoint:   call(http.MethodGet, pathMyPurchases, pageQuery, receive(dto.ToPurchases)),
		LibraryEndpoint:         call(http.MethodGet, pathLibrary, pageQuery, receive(dto.ToLibrary)),
		RecommendationsEndpoint: call(http.MethodGet, pathRecommendations, recommendationsQuery, receive(dto.ToRecommendations)),
	}, nil
}

// repeated asks again until the status is another or the wait is over, since one
// request may not wait for long.
func repeated(ask endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		q, err := as[games.AwaitPurchase](request)
		if err == nil {
			err = q.Validate()
		}
		if err != nil {
			return nil, err
		}
		if q.Status == "" { // any status is another
			q.Wait = 0
		}
		for left := q.Wait; ; left -= q.Wait {
			q.Wait = min(left, pollWait)
			response, err := ask(ctx, q)
			if err != nil {
				return nil, err
			}
			if p, err := as[games.Purchase](response); err != nil || p.Status != q.Status || left <= pollWait {
				return p, err
			}
		}
	}
}

// outgoing is what a request needs beside its method.
type outgoing struct {
	id      string
	absent  error // what an impossible id means
	query   url.Values
	headers map[string]string
	body    any
}

// sender says what a command needs.
type sender func(request any) (outgoing, error)

func (send sender) to(base *url.URL, path string) kithttp.EncodeRequestFunc {
	return func(_ context.Context, r *http.Request, request any) error {
		out, err := send(request)
		if err != nil {
			return err
		}
		if out.absent != nil && !games.ValidID(out.id) {
			return out.absent // it would be another path
		}
		r.URL = base.JoinPath(strings.Replace(path, "{id}", out.id, 1))
		r.URL.RawQuery = out.query.Encode()
		for name, value := range out.headers {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		return out.setBody(r)
	}
}

func (out outgoing) setBody(r *http.Request) error {
	if out.body == nil {
		return nil
	}
	data, err := json.Marshal(out.body)
	if err != nil {
		return fmt.Errorf("httpapi: encode request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(data))
	r.Body = io.NopCloser(bytes.NewReader(data))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	return nil
}

// typed makes a sender of a typed function.
func typed[C any](f func(C) outgoing) sender {
	return func(request any) (outgoing, error) {
		c, err := as[C](request)
		if err != nil {
			return outgoing{}, err
		}
		return f(c), nil
	}
}

func receiveNothing(_ context.Context, resp *http.Response) (any, error) {
	return nil, httpserver.DecodeError(resp)
}

// read decodes an answer's body. Members that it does not know are new ones.
func read[B any](resp *http.Response) (body B, err error) {
	if err := httpserver.DecodeError(resp); err != nil {
		return body, err
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&body); err != nil {
		return body, errs.Wrap(err, errs.Unavailable, "the service answered something unexpected")
	}
	return body, nil
}

func receive[B, R any](from func(B) R) kithttp.DecodeResponseFunc {
	return func(_ context.Context, resp *http.Response) (any, error) {
		body, err := read[B](resp)
		if err != nil {
			return nil, err
		}
		return from(body), nil
	}
}

func receivePurchase(_ context.Context, resp *http.Response) (any, error) {
	body, err := read[contractgames.Purchase](resp)
	if err != nil {
		return nil, err
	}
	p := dto.ToPurchase(body)
	p.Version = dto.ToVersion(resp.Header.Get("ETag"))
	return p, nil
}

func receiveReceipt(ctx context.Context, resp *http.Response) (any, error) {
	p, err := receivePurchase(ctx, resp)
	if err != nil {
		return nil, err
	}
	purchase, err := as[games.Purchase](p)
	return games.Receipt{Purchase: purchase, Replayed: resp.Header.Get("Idempotency-Replayed") == "true"}, err
}
