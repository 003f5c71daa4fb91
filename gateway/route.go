package gateway

import (
	"net/http"
	"time"

	"gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/contract/payments"
	"gamestore.example/pkg/contract/users"
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
	// Operation is how the route is asked for over a broker. That of a stream finds
	// what is to be watched.
	Operation Operation
}

// Breaker names the circuit breaker that guards the route.
func (r Route) Breaker() string {
	if r.Part == "" {
		return r.Upstream
	}
	return r.Upstream + "/" + r.Part
}

// The rows of the table differ in few ways; these are them.
func read(path, upstream string, access middleware.Access, op Operation) Route {
	return Route{
		Method: http.MethodGet, Path: path, Upstream: upstream, Access: access,
		Class: ClassRead, MaxBody: noBody, Timeout: readTimeout, Operation: op,
	}
}

func write(method, path, upstream string, access middleware.Access, class Class, maxBody int64, op Operation) Route {
	return Route{
		Method: method, Path: path, Upstream: upstream, Access: access,
		Class: class, MaxBody: maxBody, Timeout: writeTimeout, Operation: op,
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
		index  = "search"
	)
	return []Route{
		write(http.MethodPost, "/api/users", Users, public, ClassAuth, smallBody, by(users.OpSignUp, body[users.SignUpRequest])),
		write(http.MethodPost, "/api/auth/login", Users, public, ClassAuth, smallBody, by(users.OpLogin, body[users.LoginRequest])),
		write(http.MethodPost, "/api/auth/refresh", Users, public, ClassAuth, smallBody, by(users.OpRefresh, body[users.RefreshRequest])),
		write(http.MethodPost, "/api/auth/logout", Users, public, ClassAuth, smallBody, by(users.OpLogout, body[users.RefreshRequest])),
		read("/.well-known/jwks.json", Users, public, by(users.OpKeys, nothing)),
		read("/api/users/me", Users, user, by(users.OpProfile, nothing)),
		write(http.MethodPatch, "/api/users/me", Users, user, ClassPurchase, smallBody, by(users.OpUpdateProfile, body[users.UpdateProfileRequest])),
		write(http.MethodDelete, "/api/users/me", Users, user, ClassAuth, smallBody, by(users.OpDeleteAccount, nothing)),
		write(http.MethodPost, "/api/users/me/password", Users, user, ClassAuth, smallBody, by(users.OpChangePassword, body[users.ChangePasswordRequest])),
		read("/api/users/me/history", Users, user, by(users.OpHistory, historyPage)),

		read("/api/games", Games, public, by(games.OpSearchGames, search)).part(index),
		read("/api/games/{id}", Games, public, by(games.OpGetGame, game)),
		read("/api/categories", Games, public, by(games.OpListCategories, nothing)),
		write(http.MethodPost, "/api/games", Games, admin, ClassPurchase, largeBody, by(games.OpCreateGame, body[games.GameDetails])),
		write(http.MethodPut, "/api/games/{id}", Games, admin, ClassPurchase, largeBody, by(games.OpUpdateGame, updateGame)),
		write(http.MethodDelete, "/api/games/{id}", Games, admin, ClassPurchase, noBody, by(games.OpDeleteGame, game)),
		read("/api/me/purchases", Games, user, by(games.OpListPurchases, page)),
		read("/api/me/library", Games, user, by(games.OpLibrary, page)),
		read("/api/me/recommendations", Games, user, by(games.OpRecommendations, recommendations)).part(index),
		write(http.MethodPost, "/api/games/{gameId}/purchase", Games, user, ClassPurchase, smallBody, by(games.OpPurchaseGame, purchaseGame)),
		read("/api/purchases/{id}", Games, user, getOrAwait),
		read("/api/purchases/{id}/events", Games, user, by(games.OpGetPurchase, purchase)).stream(),
		write(http.MethodPost, "/api/purchases/{id}/cancel", Games, user, ClassPurchase, smallBody, by(games.OpCancelPurchase, purchaseAlone)),
		write(http.MethodPost, "/api/purchases/{id}/refund", Games, user, ClassPurchase, smallBody, by(games.OpRequestRefund, purchaseAlone)),

		read("/api/payments", Payments, user, by(payments.OpFindPayment, findPayment)),
		read("/api/payments/{id}", Payments, user, by(payments.OpGetPayment, payment)),
		write(http.MethodPost, "/api/payments/{id}/reconcile", Payments, user, ClassPurchase, smallBody, by(payments.OpReconcile, payment)),
		write(http.MethodPost, "/api/payments/webhooks/{provider}", Payments, public, ClassWebhook, webhookBody, by(payments.OpHandleWebhook, webhook)),
	}
}
