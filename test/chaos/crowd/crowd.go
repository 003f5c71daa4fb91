// Package crowd is the clients of a store under test, who come through the gateway
// over HTTP: shoppers who sign up, buy, click twice, cancel, ask for refunds, read,
// search and leave, and an editor of the catalogue. What they want follows from a seed.
// Their notebook remembers what they were told, to be held against what is left.
package crowd

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"gamestore.example/deploy/catalogue"
)

const (
	shoppers = 12
	// streams is how many sources of numbers a crowd may have.
	streams = 100
)

// Crowd is all clients of one store. They live as long as the run does, however
// often the store is killed.
type Crowd struct {
	Notes    *Notebook
	shoppers []*shopper
	editor   *editor
	visitors visitors
}

// New returns a crowd whose will follows from the seed and differs by stream. The name
// tells its accounts from those of others.
func New(name string, seed, stream uint64) (*Crowd, error) {
	sold, err := catalogue.Games()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, g := range sold {
		ids = append(ids, g.ID)
	}
	c := &Crowd{Notes: NewNotebook(), visitors: visitors{name: name}}
	for i := range shoppers {
		c.shoppers = append(c.shoppers, &shopper{
			name: fmt.Sprintf("%s-shopper%d", name, i+1), dice: Dice(seed, stream*streams+uint64(i)), //nolint:gosec // small
			notes: c.Notes, games: ids,
		})
	}
	c.editor = &editor{dice: Dice(seed, stream*streams+streams-1), notes: c.Notes, games: ids}
	return c, nil
}

// Load is a crowd at work.
type Load struct {
	cancel  context.CancelFunc
	clients sync.WaitGroup
}

// Stop ends the load and waits for its clients.
func (l *Load) Stop() {
	l.cancel()
	l.clients.Wait()
}

// Work lets all clients work until Stop. broke is asked when a client's connection
// broke, and says whether the client goes on.
func (c *Crowd) Work(ctx context.Context, a *API, broke func(ctx context.Context, err error) bool) *Load {
	l := &Load{}
	ctx, l.cancel = context.WithCancel(ctx)
	client := func(work func(context.Context, *API) error) {
		for {
			err := work(ctx, a)
			if err == nil || ctx.Err() != nil || !broke(ctx, err) {
				return
			}
		}
	}
	for _, s := range c.shoppers {
		l.clients.Go(func() { client(s.shop) })
	}
	l.clients.Go(func() { client(c.editor.edit) })
	return l
}

// Repeat sends what was not answered, and some of what was, once more with the same
// keys. The commands of one account are one shopper's, since its token may change.
func (c *Crowd) Repeat(ctx context.Context, a *API) error {
	lists := make([][]command, len(c.shoppers))
	whose := map[*login]int{}
	for _, one := range c.Notes.repeatable(repeated) {
		i, known := whose[one.by]
		if !known {
			i = len(whose) % len(lists)
			whose[one.by] = i
		}
		lists[i] = append(lists[i], one)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, commands := range lists {
		group.Go(func() error { return c.shoppers[i].repeat(ctx, a, commands) })
	}
	return group.Wait()
}

// LogIn logs the admin in.
func (c *Crowd) LogIn(ctx context.Context, a *API) error { return c.editor.logIn(ctx, a) }
