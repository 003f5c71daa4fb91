// Package users is the contract of the users service.
package users

import "time"

// Source is the CloudEvents source of this producer.
const Source = "/users"

// Version is the major version of every event below; changes inside it only add.
const Version = "v1"

// Routing keys.
const (
	KeyUserCreated = "user.created"
	KeyUserDeleted = "user.deleted"
)

// UserCreated says that somebody signed up. It carries no personal data: who
// needs the name or the address asks the users service.
type UserCreated struct {
	UserID    string    `json:"userId"`
	CreatedAt time.Time `json:"createdAt"`
}

// UserDeleted says that an account became a tombstone.
type UserDeleted struct {
	UserID    string    `json:"userId"`
	DeletedAt time.Time `json:"deletedAt"`
}
