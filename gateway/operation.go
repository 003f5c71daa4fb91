package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

// Operation says how a route is asked for over a broker: the operation's name, and its
// body there, made of path, query and body here. It fails as the service would over
// HTTP, since both read bodies with the same functions.
type Operation func(in incoming) (name string, body any, err error)

// incoming is a request that is to become another.
type incoming struct {
	*http.Request
	id    string // what stands for the parameter of the path
	query url.Values
}

// by returns the Operation of one name.
func by[B any](name string, body func(in incoming) (B, error)) Operation {
	return func(in incoming) (string, any, error) {
		b, err := body(in)
		return name, b, err
	}
}

// Bounds of numbers in the query, as in the services' documents.
const (
	maxPage        = 100
	maxRecommended = 50
	maxWait        = 30 // seconds
)

// nothing is the body of operations that need none.
func nothing(incoming) (struct{}, error) { return struct{}{}, nil }

// body is the body as it came.
func body[B any](in incoming) (B, error) { return httpserver.DecodeJSON[B](in.Request) }

func historyPage(in incoming) (users.PageRequest, error) {
	limit, err := in.number("limit", 1, maxPage, "must be from 1 to 100")
	return users.PageRequest{Limit: limit, Cursor: in.query.Get("cursor")}, err
}

func search(in incoming) (games.SearchRequest, error) {
	limit, err := in.number("limit", 1, maxPage, "")
	return games.SearchRequest{
		Text: in.query.Get("q"), Category: in.query.Get("category"), Sort: in.query.Get("sort"), Limit: limit, Cursor: in.query.Get("cursor"),
	}, err
}

func game(in incoming) (games.GameRequest, error) { return games.GameRequest{GameID: in.id}, nil }

func updateGame(in incoming) (games.UpdateGameRequest, error) {
	details, err := body[games.GameDetails](in)
	return games.UpdateGameRequest{GameID: in.id, GameDetails: details}, err
}

func page(in incoming) (games.PageRequest, error) {
	limit, err := in.number("limit", 1, maxPage, "")
	return games.PageRequest{Limit: limit, Cursor: in.query.Get("cursor")}, err
}

func recommendations(in incoming) (games.RecommendationsRequest, error) {
	limit, err := in.number("limit", 1, maxRecommended, "")
	return games.RecommendationsRequest{Limit: limit}, err
}

func purchaseGame(in incoming) (games.PurchaseGameRequest, error) {
	b, err := httpserver.DecodeOptionalJSON[games.PurchaseRequest](in.Request)
	return games.PurchaseGameRequest{GameID: in.id, PurchaseRequest: b}, err
}

func purchase(in incoming) (games.PurchaseIDRequest, error) {
	return games.PurchaseIDRequest{PurchaseID: in.id}, nil
}

// purchaseAlone refuses a body that says something.
func purchaseAlone(in incoming) (games.PurchaseIDRequest, error) {
	_, err := httpserver.DecodeOptionalJSON[struct{}](in.Request)
	return games.PurchaseIDRequest{PurchaseID: in.id}, err
}

// getOrAwait waits when the query says so: one path serves both.
func getOrAwait(in incoming) (string, any, error) {
	if !in.query.Has("wait") {
		return by(games.OpGetPurchase, purchase)(in)
	}
	seconds, err := in.number("wait", 0, maxWait, "")
	status := "pending"
	if in.query.Has("status") {
		status = in.query.Get("status")
		if status == "" && err == nil { // over a broker that would mean any other
			err = errs.InvalidFields(errs.Field{Name: "status", Message: "is not a status of a purchase"})
		}
	}
	return games.OpAwaitPurchase, games.AwaitPurchaseRequest{PurchaseID: in.id, Status: status, WaitMillis: int64(seconds) * 1000}, err
}

func payment(in incoming) (payments.PaymentRequest, error) {
	return payments.PaymentRequest{PaymentID: in.id}, nil
}

func findPayment(in incoming) (payments.FindPaymentRequest, error) {
	values := in.query["purchase"]
	if len(values) != 1 || !isID(values[0]) {
		return payments.FindPaymentRequest{}, errs.InvalidFields(errs.Field{Name: "purchase", Message: "must be the id of a purchase"})
	}
	return payments.FindPaymentRequest{PurchaseID: values[0]}, nil
}

// webhook keeps what was signed as it is, with all headers, since one of them is the
// signature and each provider has its own.
func webhook(in incoming) (payments.WebhookRequest, error) {
	raw, err := io.ReadAll(in.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return payments.WebhookRequest{}, httpserver.ErrBodyTooLarge.WithDetail("maxBytes", tooLarge.Limit)
	case err != nil && in.Context().Err() != nil:
		return payments.WebhookRequest{}, in.Context().Err()
	case err != nil:
		return payments.WebhookRequest{}, httpserver.ErrBodyIncomplete.WithCause(err)
	}
	h := in.Header.Clone()
	setOutbound(h, in.Request, callFrom(in.Context()))
	headers := make(map[string]string, len(h))
	for name, values := range h {
		headers[strings.ToLower(name)] = values[0]
	}
	return payments.WebhookRequest{Provider: in.id, Headers: headers, Body: raw}, nil
}

// number returns a whole number of the query, 0 when it is not there. message says
// what is wrong with another; "" is what most services say.
func (in incoming) number(name string, low, high int, message string) (int, error) {
	if !in.query.Has(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(in.query.Get(name))
	if err == nil && n >= low && n <= high {
		return n, nil
	}
	if message == "" {
		message = fmt.Sprintf("must be a whole number from %d to %d", low, high)
	}
	return 0, errs.InvalidFields(errs.Field{Name: name, Message: message})
}
