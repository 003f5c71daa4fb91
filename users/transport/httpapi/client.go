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
	"strconv"

	"github.com/go-kit/kit/endpoint"
	kithttp "github.com/go-kit/kit/transport/http"

	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/dto"
)

// maxAnswer bounds what the client reads of an answer, in bytes.
const maxAnswer = 1 << 20

// ErrNotOverHTTP says that an operation has no HTTP route.
var ErrNotOverHTTP = errs.New(errs.MethodNotAllowed, "not-over-http", "this operation is not served over HTTP")

// NewClient returns the service behind baseURL. The caller's token comes from the
// context, and the UserID of a command is not sent. Of Tokens a client knows neither
// the id nor the exact end of the access token; of an Entry neither Seq nor
// UserID. RecordPurchase has no route and fails with ErrNotOverHTTP. A nil client
// means httpserver.NewClient().
func NewClient(baseURL *url.URL, client *http.Client) (endpoints.Set, error) {
	if baseURL == nil || baseURL.Host == "" || (baseURL.Scheme != "http" && baseURL.Scheme != "https") {
		return endpoints.Set{}, errors.New("httpapi: the base URL must be http://host or https://host")
	}
	options := httpserver.ClientOptions(client)
	call := func(method, path string, encode kithttp.EncodeRequestFunc, decode kithttp.DecodeResponseFunc) endpoint.Endpoint {
		return kithttp.NewClient(method, baseURL.JoinPath(path), encode, decode, options...).Endpoint()
	}
	return endpoints.Set{
		SignUpEndpoint:         call(http.MethodPost, pathUsers, sendBody(signUpBody), receive(dto.ToUser)),
		LoginEndpoint:          call(http.MethodPost, pathLogin, sendBody(loginBody), receive(dto.ToTokens)),
		RefreshEndpoint:        call(http.MethodPost, pathRefresh, sendBody(refreshBody), receive(dto.ToTokens)),
		LogoutEndpoint:         call(http.MethodPost, pathLogout, sendBody(logoutBody), receiveNothing),
		ProfileEndpoint:        call(http.MethodGet, pathMe, sendNothing, receive(dto.ToUser)),
		UpdateProfileEndpoint:  call(http.MethodPatch, pathMe, sendBody(profileBody), receive(dto.ToUser)),
		ChangePasswordEndpoint: call(http.MethodPost, pathPassword, sendBody(passwordBody), receiveNothing),
		DeleteAccountEndpoint:  call(http.MethodDelete, pathMe, sendNothing, receiveNothing),
		HistoryEndpoint:        call(http.MethodGet, pathHistory, sendHistoryQuery, receive(dto.ToHistoryPage)),
		RecordPurchaseEndpoint: func(context.Context, any) (any, error) { return nil, ErrNotOverHTTP },
	}, nil
}

// sendBody encodes a command's DTO as the request's body.
func sendBody[C, B any](body func(C) B) kithttp.EncodeRequestFunc {
	return func(_ context.Context, r *http.Request, request any) error {
		c, err := as[C](request)
		if err != nil {
			return err
		}
		data, err := json.Marshal(body(c))
		if err != nil {
			return fmt.Errorf("httpapi: encode request: %w", err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = int64(len(data))
		r.Body = io.NopCloser(bytes.NewReader(data))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		return nil
	}
}

func sendNothing(context.Context, *http.Request, any) error { return nil }

func sendHistoryQuery(_ context.Context, r *http.Request, request any) error {
	c, err := as[users.GetHistory](request)
	if err != nil {
		return err
	}
	query := url.Values{}
	if c.Limit != 0 {
		query.Set("limit", strconv.Itoa(c.Limit))
	}
	if c.Cursor != "" {
		query.Set("cursor", c.Cursor)
	}
	r.URL.RawQuery = query.Encode()
	return nil
}

// receive decodes an answer's DTO. Members that it does not know are new ones.
func receive[B, R any](from func(B) R) kithttp.DecodeResponseFunc {
	return func(_ context.Context, resp *http.Response) (any, error) {
		if err := httpserver.DecodeError(resp); err != nil {
			return nil, err
		}
		var body B
		if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&body); err != nil {
			return nil, fmt.Errorf("httpapi: decode answer: %w", err)
		}
		return from(body), nil
	}
}

func receiveNothing(_ context.Context, resp *http.Response) (any, error) {
	return nil, httpserver.DecodeError(resp)
}

func signUpBody(c users.SignUp) contractusers.SignUpRequest {
	return contractusers.SignUpRequest{Email: c.Email, Password: c.Password, Name: c.Name}
}

func loginBody(c users.Login) contractusers.LoginRequest {
	return contractusers.LoginRequest{Email: c.Email, Password: c.Password}
}

func refreshBody(c users.Refresh) contractusers.RefreshRequest {
	return contractusers.RefreshRequest{RefreshToken: c.Token}
}

func logoutBody(c users.Logout) contractusers.RefreshRequest {
	return contractusers.RefreshRequest{RefreshToken: c.Token}
}

func profileBody(c users.UpdateProfile) contractusers.UpdateProfileRequest {
	return contractusers.UpdateProfileRequest{Name: c.Name}
}

func passwordBody(c users.ChangePassword) contractusers.ChangePasswordRequest {
	return contractusers.ChangePasswordRequest{CurrentPassword: c.Current, NewPassword: c.Changed}
}
