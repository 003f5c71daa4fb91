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

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"

	"gamestore.example/payments"
	"gamestore.example/payments/endpoints"
	"gamestore.example/payments/transport/dto"
	contractpayments "gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
)

// maxAnswer bounds what the client reads of an answer, in bytes.
const maxAnswer = 1 << 20

// ErrNotOverHTTP says that an operation has no HTTP route.
var ErrNotOverHTTP = errs.New(errs.MethodNotAllowed, "not-over-http", "this operation is not served over HTTP")

// NewClient returns the service behind baseURL. The caller's token comes from the
// context, and the Actor of a query is not sent. Of a Payment a client knows what
// its owner sees. AcceptPurchase, CancelPurchase and RequestRefund have no route and
// fail with ErrNotOverHTTP. A nil client means httpserver.NewClient().
func NewClient(baseURL *url.URL, client *http.Client) (endpoints.Set, error) {
	if baseURL == nil || baseURL.Host == "" || (baseURL.Scheme != "http" && baseURL.Scheme != "https") {
		return endpoints.Set{}, errors.New("httpapi: the base URL must be http://host or https://host")
	}
	options := httpserver.ClientOptions(client)
	call := func(method string, encode kithttp.EncodeRequestFunc, decode kithttp.DecodeResponseFunc) endpoint.Endpoint {
		return kithttp.NewClient(method, baseURL.JoinPath(pathPayments), encode, decode, options...).Endpoint()
	}
	notOverHTTP := func(context.Context, any) (any, error) { return nil, ErrNotOverHTTP }
	return endpoints.Set{
		AcceptPurchaseEndpoint: notOverHTTP,
		CancelPurchaseEndpoint: notOverHTTP,
		RequestRefundEndpoint:  notOverHTTP,
		GetPaymentEndpoint:     call(http.MethodGet, sendGet, receivePayment),
		FindPaymentEndpoint:    call(http.MethodGet, sendFind, receivePayment),
		ReconcileEndpoint:      call(http.MethodPost, sendReconcile, receivePayment),
		HandleWebhookEndpoint:  call(http.MethodPost, sendWebhook, receiveNothing),
	}, nil
}

func sendGet(_ context.Context, r *http.Request, request any) error {
	q, err := as[payments.GetPayment](request)
	if err != nil {
		return err
	}
	return toPath(r, payments.ErrPaymentNotFound, q.PaymentID)
}

func sendFind(_ context.Context, r *http.Request, request any) error {
	q, err := as[payments.FindPayment](request)
	r.URL.RawQuery = url.Values{"purchase": {q.PurchaseID}}.Encode()
	return err
}

func sendReconcile(_ context.Context, r *http.Request, request any) error {
	c, err := as[payments.Reconcile](request)
	if err != nil {
		return err
	}
	return toPath(r, payments.ErrPaymentNotFound, c.PaymentID, "reconcile")
}

func sendWebhook(_ context.Context, r *http.Request, request any) error {
	c, err := as[payments.HandleWebhook](request)
	if err != nil {
		return err
	}
	for name, value := range c.Headers {
		r.Header.Set(name, value)
	}
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.ContentLength = int64(len(c.Body))
	r.Body = io.NopCloser(bytes.NewReader(c.Body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.Body)), nil }
	return toPath(r, payments.ErrUnknownProvider, "webhooks", c.Provider)
}

// toPath adds elements to the request's path, each of which must look like an id: for
// any other the server has no route, and the answer is known.
func toPath(r *http.Request, unknown error, elements ...string) error {
	for _, e := range elements {
		if !payments.ValidID(e) {
			return unknown
		}
	}
	r.URL = r.URL.JoinPath(elements...)
	return nil
}

// receivePayment decodes an answer's DTO. Members that it does not know are new ones.
func receivePayment(_ context.Context, resp *http.Response) (any, error) {
	if err := httpserver.DecodeError(resp); err != nil {
		return nil, err
	}
	var body contractpayments.Payment
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&body); err != nil {
		return nil, fmt.Errorf("httpapi: decode answer: %w", err)
	}
	return dto.ToPayment(body), nil
}

func receiveNothing(_ context.Context, resp *http.Response) (any, error) {
	return nil, httpserver.DecodeError(resp)
}
