package endpoints

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/games"
	"gamestore.example/pkg/middleware"
)

// Reactions holds an endpoint for each thing the service does about what happened
// elsewhere. They are for consumers of events, which have no token.
type Reactions struct {
	PaymentCompletedEndpoint    endpoint.Endpoint
	PaymentFailedEndpoint       endpoint.Endpoint
	PaymentRefundedEndpoint     endpoint.Endpoint
	PaymentRefundFailedEndpoint endpoint.Endpoint
	ForgetUserEndpoint          endpoint.Endpoint
	IndexGamesEndpoint          endpoint.Endpoint
}

var _ games.Reactions = Reactions{}

// IndexGames is the request of IndexGamesEndpoint.
type IndexGames struct{ IDs []string }

// NewReactions returns the endpoints of reactions. Around each is what wrap makes
// for its name.
func NewReactions(r games.Reactions, wrap middleware.Factory) Reactions {
	index := func(ctx context.Context, c IndexGames) (struct{}, error) {
		return struct{}{}, r.IndexGames(ctx, c.IDs...)
	}
	return Reactions{
		PaymentCompletedEndpoint:    wrap("games.PaymentCompleted")(middleware.Endpoint(r.PaymentCompleted)),
		PaymentFailedEndpoint:       wrap("games.PaymentFailed")(middleware.Endpoint(r.PaymentFailed)),
		PaymentRefundedEndpoint:     wrap("games.PaymentRefunded")(middleware.Endpoint(r.PaymentRefunded)),
		PaymentRefundFailedEndpoint: wrap("games.PaymentRefundFailed")(middleware.Endpoint(r.PaymentRefundFailed)),
		ForgetUserEndpoint:          wrap("games.ForgetUser")(middleware.Endpoint(r.ForgetUser)),
		IndexGamesEndpoint:          wrap("games.IndexGames")(middleware.Endpoint(index)),
	}
}

// PaymentCompleted implements games.Reactions.
func (r Reactions) PaymentCompleted(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return middleware.Call[games.Outcome](ctx, r.PaymentCompletedEndpoint, e)
}

// PaymentFailed implements games.Reactions.
func (r Reactions) PaymentFailed(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return middleware.Call[games.Outcome](ctx, r.PaymentFailedEndpoint, e)
}

// PaymentRefunded implements games.Reactions.
func (r Reactions) PaymentRefunded(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return middleware.Call[games.Outcome](ctx, r.PaymentRefundedEndpoint, e)
}

// PaymentRefundFailed implements games.Reactions.
func (r Reactions) PaymentRefundFailed(ctx context.Context, e games.PaymentEvent) (games.Outcome, error) {
	return middleware.Call[games.Outcome](ctx, r.PaymentRefundFailedEndpoint, e)
}

// ForgetUser implements games.Reactions.
func (r Reactions) ForgetUser(ctx context.Context, e games.UserEvent) (games.Outcome, error) {
	return middleware.Call[games.Outcome](ctx, r.ForgetUserEndpoint, e)
}

// IndexGames implements games.Reactions.
func (r Reactions) IndexGames(ctx context.Context, ids ...string) error {
	_, err := r.IndexGamesEndpoint(ctx, IndexGames{IDs: ids})
	return err
}
