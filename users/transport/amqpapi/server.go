package amqpapi

import (
	"net/http"

	"github.com/go-kit/kit/endpoint"

	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/dto"
)

const (
	// locationMe is where a new account is over HTTP.
	locationMe = "/api/users/me"
	noStore    = "no-store"
)

// NewServer serves to requests over the broker everything that people ask for, and the
// public keys that jwks answers. What comes from other services are events. A command
// whose second answer would be a wrong one, such as that the old password does not
// match any more, is not repeated. Services ask contacts how to reach people.
func NewServer(set endpoints.Set, contacts endpoints.Contacts, jwks http.Handler) (*rpc.Mux, error) {
	route := func(operation string, repeat func(rpc.Request) bool, ep endpoint.Endpoint, decode rpc.DecodeRequestFunc, encode rpc.EncodeResponseFunc) rpc.Route {
		return rpc.Route{Operation: operation, Repeat: repeat, Handler: rpc.NewServer(ep, decode, encode)}
	}
	return rpc.NewMux(
		contactRoute(contacts),
		route(contractusers.OpSignUp, rpc.Never, set.SignUpEndpoint, rpc.Decode(toSignUp), rpc.Encode(signedUp)),
		route(contractusers.OpLogin, rpc.Harmless, set.LoginEndpoint, rpc.Decode(toLogin), rpc.Encode(tokens)),
		route(contractusers.OpRefresh, rpc.Never, set.RefreshEndpoint, rpc.Decode(toRefresh), rpc.Encode(tokens)),
		route(contractusers.OpLogout, rpc.Harmless, set.LogoutEndpoint, rpc.Decode(toLogout), rpc.NoContent),
		rpc.Route{Operation: contractusers.OpKeys, Repeat: rpc.Harmless, Handler: rpc.FromHTTP(jwks)},
		route(contractusers.OpProfile, rpc.Harmless, set.ProfileEndpoint, rpc.Decode(toGetProfile), rpc.Encode(rpc.Body(dto.User))),
		route(contractusers.OpUpdateProfile, rpc.Harmless, set.UpdateProfileEndpoint, rpc.Decode(toUpdateProfile), rpc.Encode(rpc.Body(dto.User))),
		route(contractusers.OpChangePassword, rpc.Never, set.ChangePasswordEndpoint, rpc.Decode(toChangePassword), rpc.NoContent),
		route(contractusers.OpDeleteAccount, rpc.Never, set.DeleteAccountEndpoint, rpc.Decode(toDeleteAccount), rpc.NoContent),
		route(contractusers.OpHistory, rpc.Harmless, set.HistoryEndpoint, rpc.Decode(toGetHistory), rpc.Encode(rpc.Body(dto.HistoryPage))),
	)
}

func toSignUp(_ rpc.Request, b contractusers.SignUpRequest) (users.SignUp, error) {
	return users.SignUp{Email: b.Email, Password: b.Password, Name: b.Name}, nil
}

func toLogin(_ rpc.Request, b contractusers.LoginRequest) (users.Login, error) {
	return users.Login{Email: b.Email, Password: b.Password}, nil
}

func toRefresh(_ rpc.Request, b contractusers.RefreshRequest) (users.Refresh, error) {
	return users.Refresh{Token: b.RefreshToken}, nil
}

func toLogout(_ rpc.Request, b contractusers.RefreshRequest) (users.Logout, error) {
	return users.Logout{Token: b.RefreshToken}, nil
}

func toGetProfile(rpc.Request, contractusers.Nothing) (users.GetProfile, error) {
	return users.GetProfile{}, nil
}

func toUpdateProfile(_ rpc.Request, b contractusers.UpdateProfileRequest) (users.UpdateProfile, error) {
	return users.UpdateProfile{Name: b.Name}, nil
}

func toChangePassword(_ rpc.Request, b contractusers.ChangePasswordRequest) (users.ChangePassword, error) {
	return users.ChangePassword{Current: b.CurrentPassword, Changed: b.NewPassword}, nil
}

func toDeleteAccount(rpc.Request, contractusers.Nothing) (users.DeleteAccount, error) {
	return users.DeleteAccount{}, nil
}

func toGetHistory(_ rpc.Request, b contractusers.PageRequest) (users.GetHistory, error) {
	if b.Limit < 0 || b.Limit > users.MaxPageSize {
		return users.GetHistory{}, errs.InvalidFields(errs.Field{Name: "limit", Message: "must be from 1 to 100"})
	}
	return users.GetHistory{Limit: b.Limit, Cursor: b.Cursor}, nil
}

func signedUp(a *rpc.Answer, u users.User) contractusers.User {
	a.Status, a.Headers[rpc.HeaderLocation] = http.StatusCreated, locationMe
	return dto.User(u)
}

func tokens(a *rpc.Answer, t users.Tokens) contractusers.Tokens {
	a.Headers[rpc.HeaderCacheControl] = noStore
	return dto.Tokens(t)
}
