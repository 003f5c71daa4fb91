package amqpapi

import (
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/dto"
)

// NewServer serves to requests over the broker what others may need to know of the
// caller. What has a password or a refresh token in it goes over HTTP alone, and so do
// changes of an account.
func NewServer(set endpoints.Set) (*rpc.Mux, error) {
	return rpc.NewMux(
		rpc.Route{Operation: contractusers.OpProfile, Repeat: rpc.Harmless,
			Handler: rpc.NewServer(set.ProfileEndpoint, rpc.Decode(toGetProfile), rpc.Encode(rpc.Body(dto.User)))},
		rpc.Route{Operation: contractusers.OpHistory, Repeat: rpc.Harmless,
			Handler: rpc.NewServer(set.HistoryEndpoint, rpc.Decode(toGetHistory), rpc.Encode(rpc.Body(dto.HistoryPage)))},
	)
}

func toGetProfile(rpc.Request, contractusers.Nothing) (users.GetProfile, error) {
	return users.GetProfile{}, nil
}

func toGetHistory(_ rpc.Request, b contractusers.PageRequest) (users.GetHistory, error) {
	if b.Limit < 0 || b.Limit > users.MaxPageSize {
		return users.GetHistory{}, errs.InvalidFields(errs.Field{Name: "limit", Message: "must be from 1 to 100"})
	}
	return users.GetHistory{Limit: b.Limit, Cursor: b.Cursor}, nil
}
