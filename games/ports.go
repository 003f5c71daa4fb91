package games

import (
	"context"
	"time"
)

// Cause is the message that a change comes from. The repository remembers it in
// the transaction of the change, so that a second delivery does nothing.
type Cause struct {
	// Consumer is the name of the queue; empty when no message is the cause.
	Consumer string
	// MessageID is the message's unique id.
	MessageID string
}

// IdempotencyKey makes a client's repeated request harmless. The repository
// stores it with the answer in the transaction of the change, for
// IdempotencyTTL. The zero value means that the client sent none.
type IdempotencyKey struct {
	UserID string
	// Operation is the route, such as "purchase".
	Operation string
	// Key is the client's.
	Key string
	// Fingerprint is a digest of the request; the same key with another is ErrKeyReused.
	Fingerprint string
	// At is the time of the request.
	At time.Time
}

// IdempotencyTTL is how long an answer is replayed for the same key.
const IdempotencyTTL = 24 * time.Hour

// Expired reports whether a key stored at the time no longer counts for k.
func (k IdempotencyKey) Expired(stored time.Time) bool { return k.At.Sub(stored) >= IdempotencyTTL }

// Update is what Repository.UpdatePurchase and AcceptPurchase did.
type Update struct {
	Change
	// Replayed says that the Purchase is the stored answer for the Idempotency-Key,
	// and that nothing was done now.
	Replayed bool
}

// Position is where a page of purchases starts: after this one. The zero value
// is the newest.
type Position struct {
	At time.Time
	ID string
}

// IsZero reports whether the position is the start.
func (p Position) IsZero() bool { return p.ID == "" }

// UserPage asks for a person's purchases, newest first.
type UserPage struct {
	UserID string
	After  Position
	Limit  int
}

// OwnedGame is a game in a library, with the purchase that put it there.
type OwnedGame struct {
	// Game is the current catalogue entry, also when it was deleted.
	Game     Game
	Purchase Purchase
}

// Taste is one owned game, as far as recommendations need it.
type Taste struct {
	Category string
	BoughtAt time.Time
}

// PopularQuery asks for the games with the most purchases.
type PopularQuery struct {
	// Category, if set, keeps only that one.
	Category string
	// NotOf leaves out what this person owns, is buying or gave back.
	NotOf string
	// Now leaves out what is not released yet.
	Now   time.Time
	Limit int
}

// Repository keeps games and purchases. Every method that changes something is
// one transaction, which also holds the events it returns or gets; after an
// error nothing of it is left. All methods return an Unavailable error while
// the store cannot answer.
type Repository interface {
	GameRepository
	PurchaseRepository
}

// GameRepository is the catalogue's half of Repository.
type GameRepository interface {
	// Game returns a game, deleted ones included, or ErrGameNotFound.
	Game(ctx context.Context, id string) (Game, error)
	// Games returns those games that exist, deleted ones included, by id.
	Games(ctx context.Context, ids ...string) (map[string]Game, error)
	// EachGame yields every game, deleted ones included, until yield fails. It
	// holds no lock while yield runs; games changed meanwhile come in either form.
	EachGame(ctx context.Context, yield func(Game) error) error
	// CreateGame adds a game with a new id.
	CreateGame(ctx context.Context, g Game, events ...Event) error
	// SeedGames adds games if there is none at all, deleted ones counted, and
	// reports whether it did.
	SeedGames(ctx context.Context, gs []Game, events []Event) (bool, error)
	// UpdateGame stores what edit makes of the current game, deleted ones
	// included, or returns edit's error, or ErrGameNotFound. edit may run twice.
	UpdateGame(ctx context.Context, id string, edit func(Game) (Game, []Event, error)) (Game, error)
	// Categories counts the games that are not deleted, by category, in the order
	// of their names. Its cost does not grow with the catalogue.
	Categories(ctx context.Context) ([]Facet, error)
	// Popular returns released games that are not deleted, those with the most
	// purchases first, then by id.
	Popular(ctx context.Context, q PopularQuery) ([]Game, error)
}

// PurchaseRepository is the purchases' half of Repository.
type PurchaseRepository interface {
	// Purchase returns a purchase or ErrPurchaseNotFound.
	Purchase(ctx context.Context, id string) (Purchase, error)
	// AcceptPurchase stores the purchase that decide makes of the current game,
	// deleted ones included, and counts it if it is complete at once. Errors, in
	// this order: ErrKeyReused; ErrGameNotFound; decide's own; ErrNoAccount
	// for the purchase of a user who was forgotten; ErrAlreadyPending or ErrAlreadyOwned with the active purchase's id (see ActiveError). A key that
	// was used for the same request replays its answer. decide may run twice.
	AcceptPurchase(ctx context.Context, gameID string, key IdempotencyKey, decide func(Game) (Change, error)) (Update, error)
	// UpdatePurchase stores what decide makes of the current purchase and counts
	// it. A cause that was seen before is a Duplicate, and decide does not matter;
	// a change that is not Applied stores nothing but the cause and the key. Errors:
	// ErrKeyReused, ErrPurchaseNotFound, decide's own, ErrPaymentReused when
	// another purchase has the payment. decide may run twice.
	UpdatePurchase(ctx context.Context, id string, cause Cause, key IdempotencyKey, decide func(Purchase) (Change, error)) (Update, error)
	// AskUnsettled gives at most limit purchases that are pending or refunding and whose
	// AskAt is not after due to ask, stores what it returns, and returns how many there were.
	AskUnsettled(ctx context.Context, due time.Time, limit int, ask func(Purchase) Change) (int, error)
	// Purchases returns a page of a person's purchases, newest first.
	Purchases(ctx context.Context, q UserPage) ([]Purchase, error)
	// Library returns a page of what a person owns, newest purchase first.
	Library(ctx context.Context, q UserPage) ([]OwnedGame, error)
	// Tastes returns what a person owns, newest purchase first, at most limit.
	Tastes(ctx context.Context, userID string, limit int) ([]Taste, error)
	// ForgetUser gives each of a person's purchases the owner ForgottenUser(id), deletes
	// the person's idempotency keys, and takes no purchase of the person any more: of all
	// there was only the bare id stays. Duplicate if the cause was seen before.
	ForgetUser(ctx context.Context, cause Cause, userID string) (Outcome, error)
	// PruneKeys deletes at most limit idempotency keys stored before the time, and
	// returns how many.
	PruneKeys(ctx context.Context, before time.Time, limit int) (int, error)
}

// ForgottenUser is the owner of a purchase whose person deleted the account.
func ForgottenUser(purchaseID string) string { return "forgotten-" + purchaseID }

// Meter hears what happened, after it was committed. Its methods must not block.
type Meter interface {
	// Purchase hears a step of a purchase: "accepted", "completed", "failed",
	// "cancelled", "refund_requested", "refunded", "refund_failed",
	// "paid_after_cancel" or "asked_again".
	Purchase(step string)
	// Completion hears how long a purchase took from acceptance to its first end:
	// "completed", "failed" or "cancelled".
	Completion(end string, took time.Duration)
	// Reaction hears what an event from elsewhere, such as "payment.completed", did.
	Reaction(event string, o Outcome)
}
