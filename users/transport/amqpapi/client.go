package amqpapi

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/dto"
)

// ErrNotOverAMQP says that an operation is not served to requests over the broker.
var ErrNotOverAMQP = errs.New(errs.MethodNotAllowed, "not-over-amqp", "this operation is not served over AMQP")

// NewClient returns the service behind a caller. The token of who calls comes from the
// context, and the UserID of a command is not sent. Of Tokens a client knows neither the
// id nor the exact end of the access token; of an Entry neither Seq nor UserID.
// RecordPurchase, which events do, fails with ErrNotOverAMQP.
func NewClient(caller rpc.Caller) endpoints.Set {
	call := func(operation string, send rpc.EncodeRequestFunc, receive rpc.DecodeResponseFunc) endpoint.Endpoint {
		return rpc.NewClient(caller, operation, send, receive)
	}
	user, session := rpc.Receive(rpc.From(dto.ToUser)), rpc.Receive(rpc.From(dto.ToTokens))
	return endpoints.Set{
		SignUpEndpoint:         call(contractusers.OpSignUp, rpc.Send(sendSignUp), user),
		LoginEndpoint:          call(contractusers.OpLogin, rpc.Send(sendLogin), session),
		RefreshEndpoint:        call(contractusers.OpRefresh, rpc.Send(sendRefresh), session),
		LogoutEndpoint:         call(contractusers.OpLogout, rpc.Send(sendLogout), rpc.Done),
		ProfileEndpoint:        call(contractusers.OpProfile, rpc.Send(sendGetProfile), user),
		UpdateProfileEndpoint:  call(contractusers.OpUpdateProfile, rpc.Send(sendUpdateProfile), user),
		ChangePasswordEndpoint: call(contractusers.OpChangePassword, rpc.Send(sendChangePassword), rpc.Done),
		DeleteAccountEndpoint:  call(contractusers.OpDeleteAccount, rpc.Send(sendDeleteAccount), rpc.Done),
		HistoryEndpoint:        call(contractusers.OpHistory, rpc.Send(sendGetHistory), rpc.Receive(rpc.From(dto.ToHistoryPage))),
		RecordPurchaseEndpoint: func(context.Context, any) (any, error) { return nil, ErrNotOverAMQP },
	}
}

func sendSignUp(_ *rpc.Request, c users.SignUp) contractusers.SignUpRequest {
	return contractusers.SignUpRequest{Email: c.Email, Password: c.Password, Name: c.Name}
}

func sendLogin(_ *rpc.Request, c users.Login) contractusers.LoginRequest {
	return contractusers.LoginRequest{Email: c.Email, Password: c.Password}
}

func sendRefresh(_ *rpc.Request, c users.Refresh) contractusers.RefreshRequest {
	return contractusers.RefreshRequest{RefreshToken: c.Token}
}

func sendLogout(_ *rpc.Request, c users.Logout) contractusers.RefreshRequest {
	return contractusers.RefreshRequest{RefreshToken: c.Token}
}

func sendGetProfile(*rpc.Request, users.GetProfile) contractusers.Nothing {
	return contractusers.Nothing{}
}

func sendUpdateProfile(_ *rpc.Request, c users.UpdateProfile) contractusers.UpdateProfileRequest {
	return contractusers.UpdateProfileRequest{Name: c.Name}
}

func sendChangePassword(_ *rpc.Request, c users.ChangePassword) contractusers.ChangePasswordRequest {
	return contractusers.ChangePasswordRequest{CurrentPassword: c.Current, NewPassword: c.Changed}
}

func sendDeleteAccount(*rpc.Request, users.DeleteAccount) contractusers.Nothing {
	return contractusers.Nothing{}
}

func sendGetHistory(_ *rpc.Request, q users.GetHistory) contractusers.PageRequest {
	return contractusers.PageRequest{Limit: q.Limit, Cursor: q.Cursor}
}
