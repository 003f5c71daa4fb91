package load

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"gamestore.example/deploy/catalogue"
	"gamestore.example/test/load/textbook"
)

// textbookFlow is the flow that everybody writes first, in this process. Clients speak to it
// without a gateway.
type textbookFlow struct {
	*shop
	flow *textbook.Flow
}

func openTextbook(ctx context.Context, p Place) (Player, error) {
	all, err := catalogue.Games()
	if err != nil {
		return nil, err
	}
	prices := map[string]int64{}
	for _, g := range all {
		prices[g.ID] = g.Price.Amount
	}
	paid, err := paidGames()
	if err != nil {
		return nil, err
	}
	f, err := textbook.Start(ctx, p.Dir, p.Broker, prices)
	if err != nil {
		return nil, err
	}
	return &textbookFlow{flow: f, shop: &shop{addr: f.Addr, clients: p.Clients, games: paid, person: func() (string, error) {
		return textbook.UserHeader + ": " + uuid.NewString() + "\r\n", nil
	}}}, nil
}

// Round implements Player.
func (t *textbookFlow) Round(ctx context.Context, d time.Duration) (Round, error) {
	r, err := t.closed(ctx, d)
	return r, errors.Join(err, t.flow.Err())
}

// Close implements Player.
func (t *textbookFlow) Close() error {
	t.close()
	return t.flow.Close()
}
