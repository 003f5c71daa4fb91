package amqpapi

import (
	"context"

	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/dto"
)

// ErrNotOverAMQP says that an operation is not served over the broker.
var ErrNotOverAMQP = errs.New(errs.MethodNotAllowed, "not-over-amqp", "this operation is not served over AMQP")

// NewClient returns the service behind a caller, as far as it is served over the
// broker: Profile and History. All else fails with ErrNotOverAMQP. The token of who
// calls comes from the context, and the UserID of a query is not sent.
func NewClient(caller rpc.Caller) endpoints.Set {
	none := func(context.Context, any) (any, error) { return nil, ErrNotOverAMQP }
	return endpoints.Set{
		SignUpEndpoint:         none,
		LoginEndpoint:          none,
		RefreshEndpoint:        none,
		LogoutEndpoint:         none,
		ProfileEndpoint:        rpc.NewClient(caller, contractusers.OpProfile, rpc.Send(sendGetProfile), rpc.Receive(rpc.From(dto.ToUser))),
		UpdateProfileEndpoint:  none,
		ChangePasswordEndpoint: none,
		DeleteAccountEndpoint:  none,
		HistoryEndpoint:        rpc.NewClient(caller, contractusers.OpHistory, rpc.Send(sendGetHistory), rpc.Receive(rpc.From(dto.ToHistoryPage))),
		RecordPurchaseEndpoint: none,
	}
}

func sendGetProfile(*rpc.Request, users.GetProfile) contractusers.Nothing {
	return contractusers.Nothing{}
}

func sendGetHistory(_ *rpc.Request, q users.GetHistory) contractusers.PageRequest {
	return contractusers.PageRequest{Limit: q.Limit, Cursor: q.Cursor}
}
