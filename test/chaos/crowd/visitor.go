package crowd

import (
	"context"
	"fmt"
	"sync"

	"gamestore.example/games"
	"gamestore.example/test/chaos/oracle"
)

// visitors hands out new shoppers.
type visitors struct {
	name string
	mu   sync.Mutex
	made int
}

func (v *visitors) next() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.made++
	return fmt.Sprintf("%s-visitor%d", v.name, v.made)
}

// Visitor is a shopper who does what a test says, with a new account.
type Visitor struct{ shopper }

// Visit signs a visitor up and in.
func (c *Crowd) Visit(ctx context.Context, a *API) (*Visitor, error) {
	v := &Visitor{shopper{name: c.visitors.next(), notes: c.Notes}}
	if err := v.signUp(ctx, a); err != nil {
		return nil, err
	}
	if v.account == nil || v.account.token == "" {
		return nil, fmt.Errorf("%s cannot sign up", v.name)
	}
	return v, nil
}

// Buy buys a game by a method, or returns no purchase if the store is busy.
func (v *Visitor) Buy(ctx context.Context, a *API, game, method string) (oracle.Purchase, error) {
	return v.command(ctx, a, v.order(game, method))
}

// Status looks up how far a purchase of the visitor's is.
func (v *Visitor) Status(ctx context.Context, a *API, id string) (games.Status, error) {
	if err := v.read(ctx, a, "/api/purchases/"+id, id); err != nil {
		return "", err
	}
	return v.notes.Purchase(id).Status, nil
}

// Create makes n games as the admin, each of which costs something, and returns their ids.
func (c *Crowd) Create(ctx context.Context, a *API, n int) ([]string, error) {
	if err := c.LogIn(ctx, a); err != nil {
		return nil, err
	}
	e, before := c.editor, len(c.editor.own)
	for range n {
		e.edits++
		if err := e.create(ctx, a); err != nil {
			return nil, err
		}
	}
	made := e.own[before:]
	e.own = e.own[:before:before] // it must not delete them
	if len(made) != n {
		return nil, fmt.Errorf("%d of %d games were created", len(made), n)
	}
	return made, nil
}
