package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/users"
	"gamestore.example/users/transport/dto"
)

func decodeSignUp(_ context.Context, r *http.Request) (any, error) {
	body, err := httpserver.DecodeJSON[contractusers.SignUpRequest](r)
	return users.SignUp{Email: body.Email, Password: body.Password, Name: body.Name}, err
}

func decodeLogin(_ context.Context, r *http.Request) (any, error) {
	body, err := httpserver.DecodeJSON[contractusers.LoginRequest](r)
	return users.Login{Email: body.Email, Password: body.Password}, err
}

func decodeRefresh(_ context.Context, r *http.Request) (any, error) {
	body, err := httpserver.DecodeJSON[contractusers.RefreshRequest](r)
	return users.Refresh{Token: body.RefreshToken}, err
}

func decodeLogout(_ context.Context, r *http.Request) (any, error) {
	body, err := httpserver.DecodeJSON[contractusers.RefreshRequest](r)
	return users.Logout{Token: body.RefreshToken}, err
}

func decodeGetProfile(context.Context, *http.Request) (any, error) { return users.GetProfile{}, nil }

func decodeUpdateProfile(_ context.Context, r *http.Request) (any, error) {
	body, err := httpserver.DecodeJSON[contractusers.UpdateProfileRequest](r)
	return users.UpdateProfile{Name: body.Name}, err
}

func decodeDeleteAccount(context.Context, *http.Request) (any, error) {
	return users.DeleteAccount{}, nil
}

func decodeChangePassword(_ context.Context, r *http.Request) (any, error) {
	body, err := httpserver.DecodeJSON[contractusers.ChangePasswordRequest](r)
	return users.ChangePassword{Current: body.CurrentPassword, Changed: body.NewPassword}, err
}

func decodeGetHistory(_ context.Context, r *http.Request) (any, error) {
	query := r.URL.Query()
	c := users.GetHistory{Cursor: query.Get("cursor")}
	if query.Has("limit") {
		limit, err := strconv.Atoi(query.Get("limit"))
		if err != nil || limit < 1 || limit > users.MaxPageSize {
			return nil, errs.InvalidFields(errs.Field{Name: "limit", Message: "must be from 1 to 100"})
		}
		c.Limit = limit
	}
	return c, nil
}

func encodeSignedUp(ctx context.Context, w http.ResponseWriter, response any) error {
	u, err := as[users.User](response)
	if err != nil {
		return err
	}
	w.Header().Set("Location", pathMe)
	return httpserver.WriteJSON(ctx, w, http.StatusCreated, dto.User(u))
}

func encodeUser(ctx context.Context, w http.ResponseWriter, response any) error {
	u, err := as[users.User](response)
	if err != nil {
		return err
	}
	return httpserver.WriteJSON(ctx, w, http.StatusOK, dto.User(u))
}

func encodeTokens(ctx context.Context, w http.ResponseWriter, response any) error {
	t, err := as[users.Tokens](response)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return httpserver.WriteJSON(ctx, w, http.StatusOK, dto.Tokens(t))
}

func encodeHistory(ctx context.Context, w http.ResponseWriter, response any) error {
	page, err := as[users.HistoryPage](response)
	if err != nil {
		return err
	}
	return httpserver.WriteJSON(ctx, w, http.StatusOK, dto.HistoryPage(page))
}

// encodeNothing answers 204.
func encodeNothing(_ context.Context, w http.ResponseWriter, _ any) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// as is the typed response of an endpoint.
func as[R any](response any) (R, error) {
	r, ok := response.(R)
	if !ok {
		return r, fmt.Errorf("httpapi: the endpoint answered a %T, want a %T", response, r)
	}
	return r, nil
}
