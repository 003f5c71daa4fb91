package endpoints

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/middleware"
	"gamestore.example/users"
)

// Welcome holds the endpoint of the welcome. Its request is a users.Welcome, and its
// response says nothing. It is a users.Welcomer itself.
type Welcome struct {
	WelcomeEndpoint endpoint.Endpoint
}

var _ users.Welcomer = Welcome{}

// NewWelcome returns the endpoint of a Welcomer, with what wrap makes around it. It is for
// the consumer of events, which has no token.
func NewWelcome(svc users.Welcomer, wrap middleware.Factory) Welcome {
	return Welcome{WelcomeEndpoint: wrap("users.Welcome")(middleware.Endpoint(silent(svc.Welcome)))}
}

// Welcome implements users.Welcomer.
func (w Welcome) Welcome(ctx context.Context, c users.Welcome) error {
	_, err := w.WelcomeEndpoint(ctx, c)
	return err
}
