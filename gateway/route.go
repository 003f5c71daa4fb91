package gateway

import (
	"net/http"
	"time"
)

// The upstreams.
const (
	Users    = "users"
	Games    = "games"
	Payments = "payments"
)

// Upstreams returns the names of all upstreams.
func Upstreams() []string { return []string{Users, Games, Payments} }

// Access is who may pass a route.
type Access uint8

// The kinds of access. User and Admin need a good token, Admin the admin role in it.
const (
	Public Access = iota
	User
	Admin
)

// String returns the name of the access.
func (a Access) String() string { return [...]string{"public", "user", "admin"}[a] }

// Class is a group of routes that share a rate limit.
type Class string

// The classes of rate limits.
const (
	// ClassAuth is guessing ground: passwords and refresh tokens.
	ClassAuth Class = "auth"
	// ClassPurchase is what moves money or changes things.
	ClassPurchase Class = "purchase"
	// ClassRead is everything else.
	ClassRead Class = "read"
	// ClassWebhook is for the payment providers, who come in bursts.
	ClassWebhook Class = "webhook"
)

// Classes returns all classes.
func Classes() []Class { return []Class{ClassAuth, ClassPurchase, ClassRead, ClassWebhook} }

// Limits of the routes' bodies, in bytes, and times.
const (
	noBody      = 1 << 10 // an empty JSON object is fine where no body is needed
	smallBody   = 16 << 10
	largeBody   = 64 << 10
	webhookBody = 256 << 10

	readTimeout  = 5 * time.Second
	writeTimeout = 10 * time.Second
)

// Route is one operation that the gateway lets pass.
type Route struct {
	Method string
	// Path is the template; a {name} stands for one id.
	Path     string
	Upstream string
	// Part names a part of the upstream that may fail alone, such as the search
	// index: it has a circuit breaker of its own. Empty means the upstream as such.
	Part   string
	Access Access
	Class  Class
	// MaxBody bounds the request's body, in bytes.
	MaxBody int64
	// Timeout bounds the whole request; a stream has none.
	Timeout time.Duration
	// Stream marks an answer that is passed on as it comes, without end.
	Stream bool
}

// Breaker names the circuit breaker that guards the route.
func (r Route) Breaker() string {
	if r.Part == "" {
		return r.Upstream
	}
	return r.Upstream + "/" + r.Part
}

// The rows of the table differ in few ways; these are them.
func read(path, upstream string, access Access) Route {
	return Route{
		Method: http.MethodGet, Path: path, Upstream: upstream, Access: access,
		Class: ClassRead, MaxBody: noBody, Timeout: readTimeout,
	}
}

func write(method, path, upstream string, access Access, class Class, maxBody int64) Route {
	return Route{
		Method: method, Path: path, Upstream: upstream, Access: access,
		Class: class, MaxBody: maxBody, Timeout: writeTimeout,
	}
}

func (r Route) part(name string) Route { r.Part = name; return r }

func (r Route) stream() Route { r.Stream, r.Timeout = true, 0; return r }

// Routes returns the route table: each operation of the API, and nothing else
// reaches a service.
func Routes() []Route {
	const search = "search"
	return []Route{
		write(http.MethodPost, "/api/users", Users, Public, ClassAuth, smallBody),
		write(http.MethodPost, "/api/auth/login", Users, Public, ClassAuth, smallBody),
		write(http.MethodPost, "/api/auth/refresh", Users, Public, ClassAuth, smallBody),
		write(http.MethodPost, "/api/auth/logout", Users, Public, ClassAuth, smallBody),
		read("/.well-known/jwks.json", Users, Public),
		read("/api/users/me", Users, User),
		write(http.MethodPatch, "/api/users/me", Users, User, ClassPurchase, smallBody),
		write(http.MethodDelete, "/api/users/me", Users, User, ClassAuth, smallBody),
		write(http.MethodPost, "/api/users/me/password", Users, User, ClassAuth, smallBody),
		read("/api/users/me/history", Users, User),

		read("/api/games", Games, Public).part(search),
		read("/api/games/{id}", Games, Public),
		read("/api/categories", Games, Public),
		write(http.MethodPost, "/api/games", Games, Admin, ClassPurchase, largeBody),
		write(http.MethodPut, "/api/games/{id}", Games, Admin, ClassPurchase, largeBody),
		write(http.MethodDelete, "/api/games/{id}", Games, Admin, ClassPurchase, noBody),
		read("/api/me/purchases", Games, User),
		read("/api/me/library", Games, User),
		read("/api/me/recommendations", Games, User).part(search),
		write(http.MethodPost, "/api/games/{gameId}/purchase", Games, User, ClassPurchase, smallBody),
		read("/api/purchases/{id}", Games, User),
		read("/api/purchases/{id}/events", Games, User).stream(),
		write(http.MethodPost, "/api/purchases/{id}/cancel", Games, User, ClassPurchase, smallBody),
		write(http.MethodPost, "/api/purchases/{id}/refund", Games, User, ClassPurchase, smallBody),

		read("/api/payments", Payments, User),
		read("/api/payments/{id}", Payments, User),
		write(http.MethodPost, "/api/payments/{id}/reconcile", Payments, Admin, ClassPurchase, smallBody),
		write(http.MethodPost, "/api/payments/webhooks/{provider}", Payments, Public, ClassWebhook, webhookBody),
	}
}
