// Package httpapi serves the payments service over HTTP, and calls it over HTTP.
package httpapi

import (
	"net/http"

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/gorilla/mux"

	"gamestore.example/payments/endpoints"
	"gamestore.example/pkg/httpserver"
)

// The paths of the API.
const (
	pathPayments  = "/api/payments"
	pathPayment   = pathPayments + "/{id}"
	pathReconcile = pathPayments + "/{id}/reconcile"
	pathWebhook   = pathPayments + "/webhooks/{provider}"
)

// NewHandler serves the endpoints. more are options of each server.
func NewHandler(set endpoints.Set, more ...kithttp.ServerOption) http.Handler {
	r := mux.NewRouter().SkipClean(true) // an unclean path is no route, not a redirect
	r.Use(httpserver.RecordRoute)
	httpserver.HandleUnmatched(r)
	route := func(method, path string, ep endpoint.Endpoint, decode kithttp.DecodeRequestFunc, encode kithttp.EncodeResponseFunc) {
		r.Handle(path, kithttp.NewServer(ep, decode, encode, append(httpserver.ServerOptions(), more...)...)).Methods(method)
	}
	route(http.MethodPost, pathWebhook, set.HandleWebhookEndpoint, decodeWebhook, encodeNothing)
	route(http.MethodGet, pathPayments, set.FindPaymentEndpoint, decodeFind, encodePayment)
	route(http.MethodGet, pathPayment, set.GetPaymentEndpoint, decodeGet, encodePayment)
	route(http.MethodPost, pathReconcile, set.ReconcileEndpoint, decodeReconcile, encodePayment)
	return r
}
