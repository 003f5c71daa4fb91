package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"gamestore.example/deploy/operate/purchase"
)

func purchaseCommand(out io.Writer) *ffcli.Command {
	a := newAction("purchase explain", out)
	return group("purchase", "Look into one purchase", a.command("explain", "Tell a purchase's timeline and where it waits",
		func(ctx context.Context, args []string) error {
			s, err := a.places.snapshot(ctx, args[0])
			if err != nil {
				return err
			}
			return printPurchase(a.print, s)
		}, "ID"))
}

// explained is a purchase with what follows from it.
type explained struct {
	purchase.Snapshot
	Timeline []purchase.Moment `json:"timeline"`
	Waiting  purchase.Waiting  `json:"waiting"`
}

func printPurchase(p printer, s purchase.Snapshot) error {
	e := explained{Snapshot: s, Timeline: purchase.Timeline(s), Waiting: purchase.Where(s)}
	if e.Timeline == nil {
		e.Timeline = []purchase.Moment{}
	}
	if done, err := p.json(e); done {
		return err
	}
	pur := s.Purchase
	head := [][]string{
		{"Purchase", pur.ID},
		{"Status", string(pur.Status)},
		{"Game", pur.GameID},
		{"Price", fmt.Sprintf("%d %s, in minor units", pur.Amount, pur.Currency)},
		{"User", pur.UserID},
	}
	if pay := s.Payment; pay != nil {
		head = append(head, []string{"Payment", fmt.Sprintf("%s, %s", pay.ID, pay.Status)})
	}
	rows := [][]string{{"TIME", "WHO", "WHAT"}}
	for _, m := range e.Timeline {
		rows = append(rows, []string{stamp(m.At), m.Who, m.What})
	}
	last := sentence(escape(e.Waiting.Words, false))
	if !s.BusSeen {
		last = "(Dead letters were not looked at: " + escape(s.BusError, false) + ".)\n" + last
	}
	return errors.Join(p.table(head...), p.say(""), p.table(rows...), p.say("\n%s", last))
}

// sentence makes words one. They begin with a letter of ASCII.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }
