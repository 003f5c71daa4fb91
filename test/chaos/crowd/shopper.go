package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"gamestore.example/games"
	"gamestore.example/payments/adapter/simulated"
	contractgames "gamestore.example/pkg/contract/games"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/money"
	"gamestore.example/test/chaos/oracle"
)

const (
	shopperPassword = "a long sentence of no meaning"
	// gamesOfAccount is after how many purchases a shopper takes another account,
	// since each game can be owned once.
	gamesOfAccount = 50
	// repeated is how many answered commands are sent again after a kill.
	repeated = 20
)

// login is an account of a shopper. Only one goroutine changes it.
type login struct {
	id, email, password, token string
}

// command is a purchase, a cancellation or a refund.
type command struct {
	by   *login
	path string
	key  string // the Idempotency-Key, if any
	body any
	want int // the status of success
	// gameID and method are what a purchase is of; purchaseID is what the others are of.
	gameID, method, purchaseID string
}

// shopper is one client with a will of its own. It lives as long as the run; its
// store does not.
type shopper struct {
	name  string
	dice  *rand.Rand
	notes *Notebook
	games []string // what there is to buy
	// account is nil before the first sign-up.
	account *login
	made    int // accounts
	asked   int // keys
	bought  int // by this account
	mine    []string
	// expired says that a token was refused.
	expired atomic.Bool
}

// shop acts until the connection breaks or ctx ends.
func (s *shopper) shop(ctx context.Context, a *API) error {
	for ctx.Err() == nil {
		if err := s.step(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *shopper) step(ctx context.Context, a *API) error {
	if s.account == nil || s.bought >= gamesOfAccount {
		return s.signUp(ctx, a)
	}
	if s.account.token == "" || s.expired.Swap(false) {
		return s.logIn(ctx, a, s.account)
	}
	switch n := s.dice.IntN(1000); {
	case n < 800:
		return s.buy(ctx, a)
	case n < 910:
		return s.giveBack(ctx, a)
	case n < 960:
		return s.look(ctx, a)
	case n < 985:
		return s.find(ctx, a)
	case n < 995:
		return s.signUp(ctx, a)
	default:
		return s.leave(ctx, a)
	}
}

// signUp takes a new account. Without an answer the next one has another address.
func (s *shopper) signUp(ctx context.Context, a *API) error {
	s.made++
	l := &login{email: fmt.Sprintf("%s-%d@example.com", s.name, s.made), password: shopperPassword}
	var u contractusers.User
	got, err := a.call(ctx, request{method: http.MethodPost, path: "/api/users", body: contractusers.SignUpRequest{
		Email: l.email, Password: l.password, Name: s.name,
	}}, &u)
	if err != nil {
		return err
	}
	if got.status != http.StatusCreated {
		s.expect(got, "sign up")
		return nil
	}
	l.id = u.ID
	s.notes.account(oracle.Account{ID: l.id})
	s.account, s.bought, s.mine = l, 0, nil
	return s.logIn(ctx, a, l)
}

func (s *shopper) logIn(ctx context.Context, a *API, l *login) error {
	var t contractusers.Tokens
	got, err := a.call(ctx, request{method: http.MethodPost, path: "/api/auth/login", body: contractusers.LoginRequest{
		Email: l.email, Password: l.password,
	}}, &t)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		s.expect(got, "log in")
		return nil
	}
	l.token = t.AccessToken
	return nil
}

// expect notes a refusal that is none of the usual ones: a store that stops or is
// busy may say so.
func (s *shopper) expect(got reply, what string, usual ...int) {
	if got.status == http.StatusUnauthorized {
		s.expired.Store(true)
	}
	usual = append(usual, http.StatusServiceUnavailable, http.StatusGatewayTimeout)
	if !slices.Contains(usual, got.status) {
		s.notes.Strange("%s: %d %s", what, got.status, got.code)
	}
}

// buy clicks once or twice on a game, and may change its mind.
func (s *shopper) buy(ctx context.Context, a *API) error {
	s.bought++
	c := s.order(s.games[s.dice.IntN(len(s.games))], s.method())
	if s.dice.IntN(100) < 65 {
		c.key = s.key()
	}
	clicks := 1
	if s.dice.IntN(100) < 40 {
		clicks = 2
	}
	p, err := s.click(ctx, a, c, clicks)
	if err != nil || p.ID == "" {
		return err
	}
	if !slices.Contains(s.mine, p.ID) {
		s.mine = append(s.mine, p.ID)
	}
	switch n := s.dice.IntN(100); {
	case n < 20:
		return s.cancel(ctx, a, p.ID)
	case n < 40:
		return s.await(ctx, a, p.ID)
	}
	return nil
}

// order is the command to buy a game.
func (s *shopper) order(game, method string) command {
	c := command{by: s.account, gameID: game, method: method, want: http.StatusAccepted, path: "/api/games/" + game + "/purchase"}
	if method != "" {
		c.body = contractgames.PurchaseRequest{PaymentMethod: method}
	}
	return c
}

// method is how this purchase is to be paid. What is never charged nor declined,
// or cannot be given back, is left out: it has no end that the oracle could expect.
func (s *shopper) method() string {
	switch n := s.dice.IntN(100); {
	case n < 10:
		return ""
	case n < 45:
		return simulated.Approved
	case n < 57:
		return simulated.Declined
	case n < 67:
		return simulated.InsufficientFunds
	case n < 80:
		return simulated.Timeout
	default:
		return simulated.ResetAfterCharge
	}
}

func (s *shopper) key() string {
	s.asked++
	return fmt.Sprintf("%s-key-%d", s.name, s.asked)
}

// click sends a command several times at once, and returns the first purchase that
// was answered.
func (s *shopper) click(ctx context.Context, a *API, c command, times int) (oracle.Purchase, error) {
	purchases, failures := make([]oracle.Purchase, times), make([]error, times)
	var clicks sync.WaitGroup
	for i := range times {
		clicks.Go(func() { purchases[i], failures[i] = s.command(ctx, a, c) })
	}
	clicks.Wait()
	for i, p := range purchases {
		if p.ID != "" {
			return p, nil
		}
		if failures[i] != nil {
			return oracle.Purchase{}, failures[i]
		}
	}
	return oracle.Purchase{}, nil
}

// command sends a command, and returns the purchase if it was done.
func (s *shopper) command(ctx context.Context, a *API, c command) (oracle.Purchase, error) {
	answered := s.notes.sent(c)
	var body contractgames.Purchase
	got, err := a.call(ctx, request{method: http.MethodPost, path: c.path, token: c.by.token, key: c.key, body: c.body}, &body)
	switch {
	case err != nil:
		return oracle.Purchase{}, err
	case got.status == c.want:
		p := s.purchase(c, body)
		s.notes.done(c, p)
		return p, nil
	case slices.Contains([]int{http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusUnauthorized}, got.status):
		// It may have been done, or is to be sent again.
	default:
		s.notes.refused(c, answered, got)
	}
	s.expect(got, c.path, http.StatusConflict, http.StatusNotFound, http.StatusUnauthorized)
	return oracle.Purchase{}, nil
}

// purchase is what an answer tells of a purchase.
func (s *shopper) purchase(c command, b contractgames.Purchase) oracle.Purchase {
	if c.purchaseID != "" && c.purchaseID != b.ID {
		s.notes.Strange("%s: answered with purchase %s", c.path, b.ID)
	}
	return oracle.Purchase{
		ID: b.ID, UserID: c.by.id, GameID: b.GameID, Price: money.Money(b.Price), Method: c.method, Status: games.Status(b.Status),
	}
}
