package games

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Service is what clients may ask for. Every error is an *errs.Error; errors.go
// names those of this service. Bad input is an Invalid error with its fields.
type Service interface {
	// SearchGames returns a page of the index. Unavailable while it cannot answer.
	SearchGames(ctx context.Context, q SearchQuery) (SearchResult, error)
	// GetGame returns a game that is not deleted, or ErrGameNotFound.
	GetGame(ctx context.Context, q GetGame) (Game, error)
	// ListCategories counts the catalogue's games by category.
	ListCategories(ctx context.Context) ([]Facet, error)

	// CreateGame adds a game to the catalogue.
	CreateGame(ctx context.Context, cmd CreateGame) (Game, error)
	// UpdateGame replaces a game's details: ErrVersionRequired, ErrVersionMismatch.
	UpdateGame(ctx context.Context, cmd UpdateGame) (Game, error)
	// DeleteGame takes a game out of the catalogue; who owns it keeps it.
	DeleteGame(ctx context.Context, cmd DeleteGame) error

	// PurchaseGame accepts a purchase: ErrGameNotFound, ErrNotAvailable,
	// ErrPriceChanged, ErrAlreadyPending, ErrAlreadyOwned, ErrKeyReused.
	PurchaseGame(ctx context.Context, cmd PurchaseGame) (Receipt, error)
	// GetPurchase returns a purchase of the person, or ErrPurchaseNotFound.
	GetPurchase(ctx context.Context, q GetPurchase) (Purchase, error)
	// AwaitPurchase returns the purchase as soon as its status is not the given one,
	// or as it is when the wait is over.
	AwaitPurchase(ctx context.Context, q AwaitPurchase) (Purchase, error)
	// CancelPurchase gives up a pending purchase. Idempotent. ErrNotCancellable.
	CancelPurchase(ctx context.Context, cmd CancelPurchase) (Receipt, error)
	// RequestRefund asks for the money back. Idempotent. ErrNotRefundable,
	// ErrRefundWindow.
	RequestRefund(ctx context.Context, cmd RequestRefund) (Receipt, error)

	// ListPurchases returns a page of the person's purchases, newest first.
	ListPurchases(ctx context.Context, q MyPage) (PurchasePage, error)
	// Library returns a page of what the person owns, newest first.
	Library(ctx context.Context, q MyPage) (LibraryPage, error)
	// Recommendations suggests games that the person does not have.
	Recommendations(ctx context.Context, q RecommendationsQuery) ([]Recommendation, error)
}

// Reactions is what the service does about what happened elsewhere. Each is
// idempotent by the message's id and by the state it finds. Its errors say by
// their class what becomes of the message.
type Reactions interface {
	// PaymentCompleted grants the game. ErrPurchaseNotFound, ErrAmountMismatch,
	// ErrPaymentReused.
	PaymentCompleted(ctx context.Context, e PaymentEvent) (Outcome, error)
	// PaymentFailed frees the place for another try. ErrPurchaseNotFound.
	PaymentFailed(ctx context.Context, e PaymentEvent) (Outcome, error)
	// PaymentRefunded takes the game back. ErrPurchaseNotFound.
	PaymentRefunded(ctx context.Context, e PaymentEvent) (Outcome, error)
	// PaymentRefundFailed leaves the game with the person. ErrPurchaseNotFound.
	PaymentRefundFailed(ctx context.Context, e PaymentEvent) (Outcome, error)
	// ForgetUser cuts the tie between a deleted account and its purchases.
	ForgetUser(ctx context.Context, e UserEvent) (Outcome, error)
	// IndexGames brings the current state of games into the search index. Games
	// that do not exist are left out.
	IndexGames(ctx context.Context, ids ...string) error
}

// Config is what an operator decides. Zero values mean the defaults.
type Config struct {
	// RefundWindow is how long after completion a refund may be asked for; 14 days.
	RefundWindow time.Duration
	// AskAfter is how long a purchase may stay pending before the payments service
	// is asked again; 30 s. The wait doubles each time, up to MaxAskDelay.
	AskAfter time.Duration
	// MaxAskDelay bounds the wait between two questions; 10 min.
	MaxAskDelay time.Duration
	// Recheck is how often AwaitPurchase reads again for a change that another
	// process made; 1 s.
	Recheck time.Duration
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.RefundWindow, 14*24*time.Hour)
	def(&c.AskAfter, 30*time.Second)
	def(&c.MaxAskDelay, 10*time.Minute)
	def(&c.Recheck, time.Second)
	return c
}

// Deps are what a Shop works with; all are required.
type Deps struct {
	Repository Repository
	Search     Search
	Meter      Meter
	Logger     *slog.Logger
	// Now is the clock.
	Now func() time.Time
	// NewID returns a unique id that sorts by time (UUIDv7).
	NewID func() string
}

// Shop is the service: Service, Reactions and its upkeep. It starts no goroutine.
type Shop struct {
	repo   Repository
	search Search
	meter  Meter
	log    *slog.Logger
	clock  func() time.Time
	newID  func() string
	cfg    Config
	hub    *hub
}

var (
	_ Service   = (*Shop)(nil)
	_ Reactions = (*Shop)(nil)
)

// New returns a Shop, or an error if a dependency is missing.
func New(cfg Config, deps Deps) (*Shop, error) {
	if deps.Repository == nil || deps.Search == nil || deps.Meter == nil || deps.Logger == nil || deps.Now == nil || deps.NewID == nil {
		return nil, errors.New("games: a dependency is missing")
	}
	return &Shop{
		repo: deps.Repository, search: deps.Search, meter: deps.Meter, log: deps.Logger, clock: deps.Now, newID: deps.NewID,
		cfg: cfg.withDefaults(), hub: newHub(),
	}, nil
}

// now is the clock at the resolution that every store keeps.
func (s *Shop) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// withIDs gives events their ids.
func (s *Shop) withIDs(events []Event) []Event {
	for i := range events {
		events[i].ID = s.newID()
	}
	return events
}
