package users

import (
	"context"
	"time"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// History implements Service.
func (a *Accounts) History(ctx context.Context, c GetHistory) (HistoryPage, error) {
	if c.Limit == 0 {
		c.Limit = DefaultPageSize
	}
	var bad fields
	if c.Limit < 1 || c.Limit > MaxPageSize {
		bad.check("limit", "must be from 1 to 100")
	}
	if err := errs.InvalidFields(bad...); err != nil {
		return HistoryPage{}, err
	}
	after, err := ParseCursor(c.Cursor)
	if err != nil {
		return HistoryPage{}, err
	}
	if _, err := living(a.repo.User(ctx, c.UserID)); err != nil {
		return HistoryPage{}, err
	}
	// One more than asked for tells whether there is a next page.
	entries, err := a.repo.History(ctx, c.UserID, after, c.Limit+1)
	if err != nil || len(entries) <= c.Limit {
		return HistoryPage{Entries: entries}, err
	}
	last := entries[c.Limit-1]
	return HistoryPage{Entries: entries[:c.Limit], NextCursor: Position{At: last.At, Seq: last.Seq}.Cursor()}, nil
}

// RecordPurchase implements Service.
func (a *Accounts) RecordPurchase(ctx context.Context, c RecordPurchase) error {
	if err := c.validate(); err != nil {
		return err
	}
	_, err := a.repo.AddEntry(ctx, c.MessageID, Entry{
		UserID: c.UserID, Kind: c.Kind, At: c.At.UTC().Truncate(time.Microsecond),
		PurchaseID: c.PurchaseID, GameID: c.GameID, Price: c.Price, Reason: c.Reason, Once: c.once(),
	})
	return err
}

func (c RecordPurchase) validate() error {
	var bad fields
	for _, f := range []struct {
		name  string
		empty bool
	}{
		{"messageId", c.MessageID == ""},
		{"userId", c.UserID == ""},
		{"purchaseId", c.PurchaseID == ""},
		{"gameId", c.GameID == ""},
		{"at", c.At.IsZero()},
	} {
		if f.empty {
			bad.check(f.name, "is required")
		}
	}
	if !c.Kind.OfPurchase() {
		bad.check("kind", "is not of a purchase")
	}
	if _, err := money.New(c.Price.Amount, c.Price.Currency); err != nil {
		bad.check("price", err.Error())
	}
	return errs.InvalidFields(bad...)
}
