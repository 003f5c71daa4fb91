package games

import "gamestore.example/pkg/errs"

// The failures of the service. Clients may switch on their codes.
var (
	ErrGameNotFound     = errs.New(errs.NotFound, "game-not-found", "no such game")
	ErrPurchaseNotFound = errs.New(errs.NotFound, "purchase-not-found", "no such purchase")
	ErrNotAvailable     = errs.New(errs.Conflict, "not-available", "the game cannot be bought now")
	ErrAlreadyPending   = errs.New(errs.Conflict, "already-pending", "a purchase of this game is under way")
	ErrAlreadyOwned     = errs.New(errs.Conflict, "already-owned", "you already own this game")
	ErrPriceChanged     = errs.New(errs.Conflict, "price-changed", "the price is not the expected one")
	ErrVersionMismatch  = errs.New(errs.PreconditionFailed, "version-mismatch", "the game was changed meanwhile; read it again")
	ErrVersionRequired  = errs.New(errs.PreconditionRequired, "version-required", "If-Match with the game's ETag is required")
	ErrNotCancellable   = errs.New(errs.Conflict, "not-cancellable", "only a pending purchase can be cancelled")
	ErrNotRefundable    = errs.New(errs.Conflict, "not-refundable", "only a completed purchase can be refunded")
	ErrRefundWindow     = errs.New(errs.Conflict, "refund-window-over", "the refund window is over")
	ErrKeyReused        = errs.New(errs.Unprocessable, "idempotency-key-reused", "this Idempotency-Key was used for another request")
	ErrInvalidCursor    = errs.New(errs.Invalid, "invalid-cursor", "the cursor is not one of this query's")
	ErrAmountMismatch   = errs.New(errs.Invalid, "amount-mismatch", "the payment's amount is not the purchase's price")
	// ErrNoAccount is of a purchase by somebody who deleted the account: an access token
	// outlives it by its own short life.
	ErrNoAccount = errs.New(errs.Unauthenticated, "no-account", "the account of this token does not exist any more")
	// ErrPaymentReused is of a message that claims a payment of another purchase.
	ErrPaymentReused = errs.New(errs.Invalid, "payment-reused", "the payment belongs to another purchase")
)

// ActiveError returns what a second purchase of the same game gets: the error
// that fits the active one, with the way to it.
func ActiveError(active Purchase) *errs.Error {
	e := ErrAlreadyPending
	if active.Status.Owned() {
		e = ErrAlreadyOwned
	}
	return e.WithDetail("purchaseId", active.ID).WithDetail("purchase", "/api/purchases/"+active.ID)
}
