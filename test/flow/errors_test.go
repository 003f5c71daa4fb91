package flow_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/errs"
	"gamestore.example/test/flow"
	"gamestore.example/users"
)

// TestErrors makes each failure that a client may switch on, and wants it the same
// whatever way the store is reached: code, class, message and details.
func TestErrors(t *testing.T) {
	t.Parallel()
	sameErrors(t, flow.NewWorld(t, flow.Options{}))
}

func sameErrors(t *testing.T, w *flow.World) {
	t.Helper()
	first := map[string]*errs.Error{}
	w.EachDriver(t, func(t *testing.T, d flow.Driver) {
		for name, failure := range failures(t, d) {
			got := errs.From(failure.err)
			if !errors.Is(failure.err, failure.want) {
				t.Errorf("%s: got %v, want %v", name, failure.err, failure.want)
				continue
			}
			if got.Class != failure.want.Class || got.Message == "" {
				t.Errorf("%s: class %v and message %q, want %v and %q", name, got.Class, got.Message, failure.want.Class, failure.want.Message)
			}
			for _, member := range failure.details {
				if got.Details[member] == nil {
					t.Errorf("%s: the details %v lack %s", name, got.Details, member)
				}
			}
			if !slices.EqualFunc(got.Fields, failure.fields, func(f errs.Field, name string) bool { return f.Name == name }) {
				t.Errorf("%s: the fields are %v, want %v", name, got.Fields, failure.fields)
			}
			if reference := first[name]; reference == nil {
				first[name] = got
			} else if got.Message != reference.Message || asJSON(t, got.Details) != asJSON(t, withID(reference.Details, got.Details)) {
				t.Errorf("%s: %q %v, in process it is %q %v", name, got.Message, got.Details, reference.Message, reference.Details)
			}
		}
	})
}

// withID returns details with the ids that another telling has.
func withID(details, other map[string]any) map[string]any {
	same := maps.Clone(details)
	for _, member := range []string{"purchaseId", "purchase"} {
		if same[member] != nil {
			same[member] = other[member]
		}
	}
	return same
}

// failure is an error with what must be true of it.
type failure struct {
	err     error
	want    *errs.Error
	details []string
	fields  []string
}

func failures(t *testing.T, d flow.Driver) map[string]failure {
	t.Helper()
	ana, game := flow.Join(t, d, "Ana"), flow.NewGame(t, d)
	p := flow.Bought(t, d, ana, game.ID)
	all := map[string]failure{}
	ofPurchases(all, d, ana, p)
	ofCatalogue(all, d, ana, flow.Admin(t, d), game)
	ofAccounts(all, d, ana)

	_, err := d.Payments.GetPayment(ana.Ctx, payments.GetPayment{PaymentID: "nothing"})
	all["unknown payment"] = failure{err: err, want: payments.ErrPaymentNotFound}
	_, err = d.Payments.FindPayment(ana.Ctx, payments.FindPayment{PurchaseID: "nothing"})
	all["payment of an unknown purchase"] = failure{err: err, want: payments.ErrPaymentNotFound}
	err = d.Payments.HandleWebhook(t.Context(), payments.HandleWebhook{Provider: "simulated", Body: []byte("{}")})
	all["unsigned webhook"] = failure{err: err, want: payments.ErrInvalidSignature}
	return all
}

func ofPurchases(all map[string]failure, d flow.Driver, ana flow.Person, p games.Purchase) {
	expected := flow.BRL(1)
	buy := func(ctx context.Context, c games.PurchaseGame) error {
		_, err := d.Games.PurchaseGame(ctx, c)
		return err
	}
	all["already owned"] = failure{err: buy(ana.Ctx, games.PurchaseGame{GameID: p.GameID}), want: games.ErrAlreadyOwned, details: []string{"purchaseId", "purchase"}}
	all["price changed"] = failure{err: buy(ana.Ctx, games.PurchaseGame{GameID: p.GameID, ExpectedPrice: &expected}), want: games.ErrPriceChanged, details: []string{"price"}}
	all["unknown game"] = failure{err: buy(ana.Ctx, games.PurchaseGame{GameID: "nothing"}), want: games.ErrGameNotFound}
	all["impossible game"] = failure{err: buy(ana.Ctx, games.PurchaseGame{GameID: "../../users/me"}), want: games.ErrGameNotFound}
	all["a card's number"] = failure{
		err:  buy(ana.Ctx, games.PurchaseGame{GameID: p.GameID, PaymentMethod: "4111111111111111"}),
		want: errs.New(errs.Invalid, "", ""), fields: []string{"paymentMethod"},
	}
	all["long key"] = failure{
		err:  buy(ana.Ctx, games.PurchaseGame{GameID: p.GameID, IdempotencyKey: strings.Repeat("k", 256)}),
		want: errs.New(errs.Invalid, "", ""), fields: []string{"Idempotency-Key"},
	}
	all["no token"] = failure{err: buy(context.WithoutCancel(auth.WithToken(ana.Ctx, "")), games.PurchaseGame{GameID: p.GameID}), want: auth.ErrTokenRequired}
	all["forged token"] = failure{err: buy(auth.WithToken(ana.Ctx, ana.Tokens.Access.Value+"x"), games.PurchaseGame{GameID: p.GameID}), want: auth.ErrTokenInvalid}
	_, err := d.Games.CancelPurchase(ana.Ctx, games.CancelPurchase{PurchaseID: p.ID})
	all["not cancellable"] = failure{err: err, want: games.ErrNotCancellable, details: []string{"purchaseStatus"}}
	_, err = d.Games.GetPurchase(ana.Ctx, games.GetPurchase{PurchaseID: "nothing"})
	all["unknown purchase"] = failure{err: err, want: games.ErrPurchaseNotFound}
	_, err = d.Games.ListPurchases(ana.Ctx, games.MyPage{Limit: 101})
	all["large page"] = failure{err: err, want: errs.New(errs.Invalid, "", ""), fields: []string{"limit"}}
	_, err = d.Games.Library(ana.Ctx, games.MyPage{Cursor: "nonsense"})
	all["cursor"] = failure{err: err, want: games.ErrInvalidCursor}
}

func ofCatalogue(all map[string]failure, d flow.Driver, ana, admin flow.Person, game games.Game) {
	details := games.GameDetails{Name: game.Name, Category: game.Category, Price: game.Price, ReleasedAt: game.ReleasedAt}
	_, err := d.Games.CreateGame(ana.Ctx, games.CreateGame{GameDetails: details})
	all["not the admin"] = failure{err: err, want: auth.ErrForbidden}
	_, err = d.Games.UpdateGame(admin.Ctx, games.UpdateGame{GameID: game.ID, IfVersion: 7, GameDetails: details})
	all["version mismatch"] = failure{err: err, want: games.ErrVersionMismatch, details: []string{"version"}}
	_, err = d.Games.UpdateGame(admin.Ctx, games.UpdateGame{GameID: game.ID, GameDetails: details})
	all["version required"] = failure{err: err, want: games.ErrVersionRequired}
	_, err = d.Games.CreateGame(admin.Ctx, games.CreateGame{GameDetails: games.GameDetails{Category: "Nonsense", Price: flow.BRL(-1)}})
	all["bad game"] = failure{err: err, want: errs.New(errs.Invalid, "", ""), fields: []string{"name", "category", "price", "releasedAt"}}
	_, err = d.Games.SearchGames(context.WithoutCancel(ana.Ctx), games.SearchQuery{Sort: "colour"})
	all["bad sort"] = failure{err: err, want: errs.New(errs.Invalid, "", ""), fields: []string{"sort"}}
}

func ofAccounts(all map[string]failure, d flow.Driver, ana flow.Person) {
	_, err := d.Users.SignUp(ana.Ctx, users.SignUp{Email: ana.Email, Password: "a long enough passphrase", Name: "Ana"})
	all["e-mail taken"] = failure{err: err, want: users.ErrEmailTaken}
	_, err = d.Users.SignUp(ana.Ctx, users.SignUp{Email: "nonsense", Password: "short", Name: "Ana"})
	all["bad sign-up"] = failure{err: err, want: errs.New(errs.Invalid, "", ""), fields: []string{"email", "password"}}
	_, err = d.Users.Login(ana.Ctx, users.Login{Email: ana.Email, Password: "the wrong password"})
	all["wrong password"] = failure{err: err, want: users.ErrInvalidCredentials}
	_, err = d.Users.Refresh(ana.Ctx, users.Refresh{Token: "nonsense"})
	all["refresh token"] = failure{err: err, want: users.ErrInvalidRefreshToken}
}
