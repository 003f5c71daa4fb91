package flow

import (
	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/users"
)

// Driver is one way to reach the store. What a service does not offer on that way
// fails with an error of its own.
type Driver struct {
	// Name says which way it is, such as "in process".
	Name     string
	Users    users.Service
	Games    games.Service
	Payments payments.Service
}
