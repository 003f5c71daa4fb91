package endpoints

import (
	"context"

	"github.com/go-kit/kit/endpoint"

	"gamestore.example/pkg/middleware"
	"gamestore.example/users"
)

// Contacts holds the endpoint of what other services ask. Its request is a
// users.GetContact, its response a users.Contact. It is a users.Contacts itself, so a client
// that fills it is one as well.
type Contacts struct {
	ContactEndpoint endpoint.Endpoint
}

var _ users.Contacts = Contacts{}

// NewContacts returns the endpoint of Contacts with what wrap makes around it; inside of
// that the caller's token has to be a service's.
func NewContacts(svc users.Contacts, wrap middleware.Factory, verifier middleware.TokenVerifier) Contacts {
	service := middleware.Authenticate(verifier, middleware.Service)
	return Contacts{ContactEndpoint: wrap("users.Contact")(service(middleware.Endpoint(svc.Contact)))}
}

// Contact implements users.Contacts.
func (c Contacts) Contact(ctx context.Context, q users.GetContact) (users.Contact, error) {
	return middleware.Call[users.Contact](ctx, c.ContactEndpoint, q)
}
