package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"gamestore.example/pkg/contract"
	contractgames "gamestore.example/pkg/contract/games"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/test/chaos/oracle"
)

// The first admin of the store under test.
const (
	adminEmail = "admin@gamestore.example"
	// AdminPassword has to be given to the store.
	AdminPassword = "nobody guesses what admins like"
)

// mostCreated is how many games of its own the editor keeps.
const mostCreated = 5

// editor is the admin, who edits, creates and deletes games while they are sold.
type editor struct {
	dice  *rand.Rand
	notes *Notebook
	games []string // the catalogue that stays
	own   []string // what it created
	token string
	edits int
}

// edit acts, with pauses, until the connection breaks or ctx ends.
func (e *editor) edit(ctx context.Context, a *API) error {
	for {
		if err := e.step(ctx, a); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(5+e.dice.IntN(20)) * time.Millisecond):
		}
	}
}

func (e *editor) step(ctx context.Context, a *API) error {
	if e.token == "" {
		return e.logIn(ctx, a)
	}
	e.edits++
	switch n := e.dice.IntN(10); {
	case n < 2 && len(e.own) < mostCreated:
		return e.create(ctx, a)
	case n < 4 && len(e.own) > 0:
		return e.remove(ctx, a)
	default:
		return e.change(ctx, a)
	}
}

func (e *editor) logIn(ctx context.Context, a *API) error {
	var t contractusers.Tokens
	got, err := a.call(ctx, request{method: http.MethodPost, path: "/api/auth/login", body: contractusers.LoginRequest{
		Email: adminEmail, Password: AdminPassword,
	}}, &t)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		e.expect(got, "the admin logs in")
		return nil
	}
	e.token = t.AccessToken
	return nil
}

func (e *editor) expect(got reply, what string) {
	switch got.status {
	case http.StatusUnauthorized:
		if e.token == "" {
			e.notes.Strange("%s: %d %s", what, got.status, got.code)
		}
		e.token = "" // it has expired
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		e.notes.Strange("%s: %d %s", what, got.status, got.code)
	}
}

func (e *editor) create(ctx context.Context, a *API) error {
	var g contractgames.Game
	got, err := a.call(ctx, request{method: http.MethodPost, path: "/api/games", token: e.token, body: e.details("Created", "puzzle")}, &g)
	if err != nil {
		return err
	}
	if got.status != http.StatusCreated {
		e.expect(got, "create a game")
		return nil
	}
	e.own = append(e.own, g.ID)
	e.notes.Game(gameOf(g))
	return nil
}

// details returns an edition like no other.
func (e *editor) details(name, category string) contractgames.GameDetails {
	return contractgames.GameDetails{
		Name: name, Description: fmt.Sprintf("Edition %d.", e.edits), Category: category,
		Price:      contract.Money{Amount: int64(100 * (1 + e.dice.IntN(90))), Currency: "BRL"},
		ReleasedAt: time.Date(2020, time.January, 2, 0, 0, 0, 0, time.UTC),
	}
}

// remove deletes one of its own games. Whether or not an answer comes, it is let alone
// after that.
func (e *editor) remove(ctx context.Context, a *API) error {
	id := e.own[0]
	e.own = slices.Delete(e.own, 0, 1)
	got, err := a.call(ctx, request{method: http.MethodDelete, path: "/api/games/" + id, token: e.token, ifMatch: "*"}, nil)
	if err != nil {
		return err
	}
	if !got.ok() {
		e.expect(got, "delete a game")
		return nil
	}
	e.notes.Game(oracle.Game{ID: id, Deleted: true})
	return nil
}

// change gives a game another description and price; a free game stays free.
func (e *editor) change(ctx context.Context, a *API) error {
	path := "/api/games/" + e.games[e.dice.IntN(len(e.games))]
	var g contractgames.Game
	got, err := a.call(ctx, request{method: http.MethodGet, path: path}, &g)
	if err != nil || !got.ok() {
		return err
	}
	d := e.details(g.Name, g.Category)
	if g.Price.Amount == 0 {
		d.Price = g.Price
	}
	got, err = a.call(ctx, request{method: http.MethodPut, path: path, token: e.token, ifMatch: got.etag, body: d}, &g)
	if err != nil {
		return err
	}
	if got.status == http.StatusPreconditionFailed {
		return nil // its own edit that got no answer came between
	}
	if !got.ok() {
		e.expect(got, "edit a game")
		return nil
	}
	e.notes.Game(gameOf(g))
	return nil
}
