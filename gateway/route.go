package gateway

import (
	"net/http"
	"time"

	"gamestore.example/pkg/middleware"
)

// The upstreams.
const (
	Users    = "users"
	Games    = "games"
	Payments = "payments"
)

// Upstreams returns the names of all upstreams.
func Upstreams() []string { return []string{Users, Games, Payments} }

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
	Part string
	// Access is who may pass; its zero value lets nobody in.
	Access middleware.Access
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
func read(path, upstream string, access middleware.Access) Route {
	return Route{
		Method: http.MethodGet, Path: path, Upstream: upstream, Access: access,
		Class: ClassRead, MaxBody: noBody, Timeout: readTimeout,
	}
}

func write(method, path, upstream string, access middleware.Access, class Class, maxBody int64) Route {
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
	const (
		public = middleware.Public
		user   = middleware.User
		admin  = middleware.Admin
		search = "search"
	)
	return []Route{
		write(http.MethodPost, "/api/users", Users, public, ClassAuth, smallBody),
		write(http.MethodPost, "/api/auth/login", Users, public, ClassAuth, smallBody),
		write(http.MethodPost, "/api/auth/refresh", Users, public, ClassAuth, smallBody),
		write(http.MethodPost, "/api/auth/logout", Users, public, ClassAuth, smallBody),
		read("/.well-known/jwks.json", Users, public),
		read("/api/users/me", Users, user),
		write(http.MethodPatch, "/api/users/me", Users, user, ClassPurchase, smallBody),
		write(http.MethodDelete, "/api/users/me", Users, user, ClassAuth, smallBody),
		write(http.MethodPost, "/api/users/me/password", Users, user, ClassAuth, smallBody),
		read("/api/users/me/history", Users, user),

		read("/api/games", Games, public).part(search),
		read("/api/games/{id}", Games, public),
		read("/api/categories", Games, public),
		write(http.MethodPost, "/api/games", Games, admin, ClassPurchase, largeBody),
		write(http.MethodPut, "/api/games/{id}", Games, admin, ClassPurchase, largeBody),
		write(http.MethodDelete, "/api/games/{id}", Games, admin, ClassPurchase, noBody),
		read("/api/me/purchases", Games, user),
		read("/api/me/library", Games, user),
		read("/api/me/recommendations", Games, user).part(search),
		write(http.MethodPost, "/api/games/{gameId}/purchase", Games, user, ClassPurchase, smallBody),
		read("/api/purchases/{id}", Games, user),
		read("/api/purchases/{id}/events", Games, user).stream(),
		write(http.MethodPost, "/api/purchases/{id}/cancel", Games, user, ClassPurchase, smallBody),
		write(http.MethodPost, "/api/purchases/{id}/refund", Games, user, ClassPurchase, smallBody),

		read("/api/payments", Payments, user),
		read("/api/payments/{id}", Payments, user),
		write(http.MethodPost, "/api/payments/{id}/reconcile", Payments, user, ClassPurchase, smallBody),
		write(http.MethodPost, "/api/payments/webhooks/{provider}", Payments, public, ClassWebhook, webhookBody),
	}
}
