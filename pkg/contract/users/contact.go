package users

// OpContact is the operation of RPC that tells another service how to reach the person
// of an account: ContactRequest → Contact. It needs a service's token.
const OpContact = "users.Contact"

// ContactRequest asks how to reach the person of an account.
type ContactRequest struct {
	UserID string `json:"userId"`
}

// Contact is how to reach and to address a person.
type Contact struct {
	UserID string `json:"userId"`
	Name   string `json:"name"`
	Email  string `json:"email"`
}

// QueueWelcome is the queue of who welcomes new users.
const QueueWelcome = "welcome.users"
