package amqpapi

import (
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/rpc"
	"gamestore.example/users"
	"gamestore.example/users/endpoints"
	"gamestore.example/users/transport/dto"
)

// contactRoute answers other services.
func contactRoute(contacts endpoints.Contacts) rpc.Route {
	decode := rpc.Decode(func(_ rpc.Request, b contractusers.ContactRequest) (users.GetContact, error) {
		return dto.ToGetContact(b)
	})
	return rpc.Route{Operation: contractusers.OpContact, Repeat: rpc.Harmless,
		Handler: rpc.NewServer(contacts.ContactEndpoint, decode, rpc.Encode(rpc.Body(dto.Contact)))}
}

// NewContactsClient returns the Contacts of the users service behind a caller. The
// service's token comes from the context.
func NewContactsClient(caller rpc.Caller) endpoints.Contacts {
	send := rpc.Send(func(_ *rpc.Request, q users.GetContact) contractusers.ContactRequest { return dto.GetContact(q) })
	return endpoints.Contacts{ContactEndpoint: rpc.NewClient(caller, contractusers.OpContact, send, rpc.Receive(rpc.From(dto.ToContact)))}
}
