// Package httpapi serves the users service over HTTP, and calls it over HTTP.
package httpapi

import (
	"net/http"

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/gorilla/mux"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/users/endpoints"
)

// The paths of the API.
const (
	pathUsers    = "/api/users"
	pathLogin    = "/api/auth/login"
	pathRefresh  = "/api/auth/refresh"
	pathLogout   = "/api/auth/logout"
	pathKeys     = "/.well-known/jwks.json"
	pathMe       = "/api/users/me"
	pathPassword = "/api/users/me/password"
	pathHistory  = "/api/users/me/history"
)

// NewHandler serves the endpoints, and the public keys that jwks answers. more are options
// of each server.
func NewHandler(set endpoints.Set, jwks http.Handler, more ...kithttp.ServerOption) http.Handler {
	r := mux.NewRouter().SkipClean(true) // an unclean path is no route, not a redirect
	r.Use(httpserver.RecordRoute)
	httpserver.HandleUnmatched(r)
	route := func(method, path string, ep endpoint.Endpoint, decode kithttp.DecodeRequestFunc, encode kithttp.EncodeResponseFunc) {
		r.Handle(path, kithttp.NewServer(ep, decode, encode, append(httpserver.ServerOptions(), more...)...)).Methods(method)
	}
	route(http.MethodPost, pathUsers, set.SignUpEndpoint, decodeSignUp, encodeSignedUp)
	route(http.MethodPost, pathLogin, set.LoginEndpoint, decodeLogin, encodeTokens)
	route(http.MethodPost, pathRefresh, set.RefreshEndpoint, decodeRefresh, encodeTokens)
	route(http.MethodPost, pathLogout, set.LogoutEndpoint, decodeLogout, encodeNothing)
	route(http.MethodGet, pathMe, set.ProfileEndpoint, decodeGetProfile, encodeUser)
	route(http.MethodPatch, pathMe, set.UpdateProfileEndpoint, decodeUpdateProfile, encodeUser)
	route(http.MethodDelete, pathMe, set.DeleteAccountEndpoint, decodeDeleteAccount, encodeNothing)
	route(http.MethodPost, pathPassword, set.ChangePasswordEndpoint, decodeChangePassword, encodeNothing)
	route(http.MethodGet, pathHistory, set.HistoryEndpoint, decodeGetHistory, encodeHistory)
	r.Handle(pathKeys, jwks).Methods(http.MethodGet)
	return r
}
