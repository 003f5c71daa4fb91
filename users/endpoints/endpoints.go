// Package endpoints makes the operations of the users service go-kit endpoints. Its
// Set is a users.Service itself, so a client that fills a Set is one as well.
package endpoints

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/middleware"
	"gamestore.example/users"
)

// Set holds an endpoint for each operation. Requests are the commands of package
// users; responses are what the Service returns, and nil where it returns
// only an error.
type Set struct {
	SignUpEndpoint         endpoint.Endpoint
	LoginEndpoint          endpoint.Endpoint
	RefreshEndpoint        endpoint.Endpoint
	LogoutEndpoint         endpoint.Endpoint
	ProfileEndpoint        endpoint.Endpoint
	UpdateProfileEndpoint  endpoint.Endpoint
	ChangePasswordEndpoint endpoint.Endpoint
	DeleteAccountEndpoint  endpoint.Endpoint
	HistoryEndpoint        endpoint.Endpoint
	RecordPurchaseEndpoint endpoint.Endpoint
}

var _ users.Service = Set{}

// New returns the endpoints of a service. Around each is what wrap makes for its
// name; inside of that the caller's token is verified, and who calls is put into the
// command, whatever it said before. RecordPurchase is for the consumer of
// events, which has no token.
func New(svc users.Service, wrap middleware.Factory, verifier middleware.TokenVerifier) Set {
	owner := middleware.Authenticate(verifier, middleware.User)
	return Set{
		SignUpEndpoint:         wrap("users.SignUp")(middleware.Endpoint(svc.SignUp)),
		LoginEndpoint:          wrap("users.Login")(middleware.Endpoint(svc.Login)),
		RefreshEndpoint:        wrap("users.Refresh")(middleware.Endpoint(svc.Refresh)),
		LogoutEndpoint:         wrap("users.Logout")(middleware.Endpoint(silent(svc.Logout))),
		ProfileEndpoint:        wrap("users.Profile")(owner(as(ofProfile, svc.Profile))),
		UpdateProfileEndpoint:  wrap("users.UpdateProfile")(owner(as(ofUpdate, svc.UpdateProfile))),
		ChangePasswordEndpoint: wrap("users.ChangePassword")(owner(as(ofPassword, silent(svc.ChangePassword)))),
		DeleteAccountEndpoint:  wrap("users.DeleteAccount")(owner(as(ofDelete, silent(svc.DeleteAccount)))),
		HistoryEndpoint:        wrap("users.History")(owner(as(ofHistory, svc.History))),
		RecordPurchaseEndpoint: wrap("users.RecordPurchase")(middleware.Endpoint(silent(svc.RecordPurchase))),
	}
}

// none is the response of an operation that returns only an error.
type none struct{}

func silent[C any](f func(context.Context, C) error) func(context.Context, C) (none, error) {
	return func(ctx context.Context, c C) (none, error) { return none{}, f(ctx, c) }
}

// as makes an endpoint that puts the verified caller into the command before f
// gets it.
func as[C, R any](own func(*C, auth.Principal), f func(context.Context, C) (R, error)) endpoint.Endpoint {
	return middleware.Endpoint(func(ctx context.Context, c C) (R, error) {
		p, ok := auth.PrincipalFrom(ctx)
		if !ok {
			var zero R
			return zero, auth.ErrTokenRequired
		}
		own(&c, p)
		return f(ctx, c)
	})
}

func ofProfile(c *users.GetProfile, p auth.Principal)   { c.UserID = p.UserID }
func ofUpdate(c *users.UpdateProfile, p auth.Principal) { c.UserID = p.UserID }
func ofPassword(c *users.ChangePassword, p auth.Principal) {
	c.UserID, c.AccessID = p.UserID, p.TokenID
}
func ofDelete(c *users.DeleteAccount, p auth.Principal) { c.UserID = p.UserID }
func ofHistory(c *users.GetHistory, p auth.Principal)   { c.UserID = p.UserID }

// SignUp implements users.Service.
func (s Set) SignUp(ctx context.Context, c users.SignUp) (users.User, error) {
	return middleware.Call[users.User](ctx, s.SignUpEndpoint, c)
}

// Login implements users.Service.
func (s Set) Login(ctx context.Context, c users.Login) (users.Tokens, error) {
	return middleware.Call[users.Tokens](ctx, s.LoginEndpoint, c)
}

// Refresh implements users.Service.
func (s Set) Refresh(ctx context.Context, c users.Refresh) (users.Tokens, error) {
	return middleware.Call[users.Tokens](ctx, s.RefreshEndpoint, c)
}

// Logout implements users.Service.
func (s Set) Logout(ctx context.Context, c users.Logout) error {
	_, err := s.LogoutEndpoint(ctx, c)
	return err
}

// Profile implements users.Service.
func (s Set) Profile(ctx context.Context, c users.GetProfile) (users.User, error) {
	return middleware.Call[users.User](ctx, s.ProfileEndpoint, c)
}

// UpdateProfile implements users.Service.
func (s Set) UpdateProfile(ctx context.Context, c users.UpdateProfile) (users.User, error) {
	return middleware.Call[users.User](ctx, s.UpdateProfileEndpoint, c)
}

// ChangePassword implements users.Service.
func (s Set) ChangePassword(ctx context.Context, c users.ChangePassword) error {
	_, err := s.ChangePasswordEndpoint(ctx, c)
	return err
}

// DeleteAccount implements users.Service.
func (s Set) DeleteAccount(ctx context.Context, c users.DeleteAccount) error {
	_, err := s.DeleteAccountEndpoint(ctx, c)
	return err
}

// History implements users.Service.
func (s Set) History(ctx context.Context, c users.GetHistory) (users.HistoryPage, error) {
	return middleware.Call[users.HistoryPage](ctx, s.HistoryEndpoint, c)
}

// RecordPurchase implements users.Service.
func (s Set) RecordPurchase(ctx context.Context, c users.RecordPurchase) error {
	_, err := s.RecordPurchaseEndpoint(ctx, c)
	return err
}
