package users

import "time"

// Event is a fact that the service tells the others. It carries no personal data.
type Event interface{ isEvent() }

// UserCreated says that somebody signed up.
type UserCreated struct {
	UserID string
	// Version is the account's, for who orders events.
	Version int64
	At      time.Time
}

// UserDeleted says that an account became a tombstone.
type UserDeleted struct {
	UserID  string
	Version int64
	At      time.Time
}

func (UserCreated) isEvent() {}
func (UserDeleted) isEvent() {}
