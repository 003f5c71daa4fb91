package dto

import (
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/errs"
	"gamestore.example/users"
)

// maxUserID is more than any account's id has, in bytes.
const maxUserID = 64

// Contact maps how to reach a person, for other services.
func Contact(c users.Contact) contractusers.Contact {
	return contractusers.Contact{UserID: c.UserID, Name: c.Name, Email: c.Email}
}

// ToContact is the inverse of Contact.
func ToContact(b contractusers.Contact) users.Contact {
	return users.Contact{UserID: b.UserID, Name: b.Name, Email: b.Email}
}

// GetContact maps the question for a Contact.
func GetContact(q users.GetContact) contractusers.ContactRequest {
	return contractusers.ContactRequest{UserID: q.UserID}
}

// ToGetContact is the inverse of GetContact. An id that cannot be one is an error of class Invalid.
func ToGetContact(b contractusers.ContactRequest) (users.GetContact, error) {
	if b.UserID == "" || len(b.UserID) > maxUserID {
		return users.GetContact{}, errs.InvalidFields(errs.Field{Name: "userId", Message: "must have 1 to 64 characters"})
	}
	return users.GetContact{UserID: b.UserID}, nil
}
