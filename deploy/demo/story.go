// Package demo tells the story of one customer to a running store, by plain
// HTTP calls, and prints what it sent and what it got. It fails when an answer is not
// the one that the contract promises, so that it also serves as a smoke test.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Tell runs the story against the gateway at base, such as
// "http://127.0.0.1:8080", and writes it to out.
func Tell(ctx context.Context, base string, out io.Writer) error {
	s := &story{caller: caller{base: base, client: &http.Client{}, out: out}}
	for _, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"Ana signs up and logs in", s.signUp},
		{"She looks for a strategy game and mistypes it", s.search},
		{"She buys the first one and watches the purchase arrive", s.buy},
		{"She clicks twice on another one", s.doubleClick},
		{"A card is declined; nothing is owned and nothing is charged", s.decline},
		{"Her library, and what she may like next", s.library},
		{"She gives one back", s.refund},
		{"What the store remembers of all that", s.history},
	} {
		s.chapter(chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	return nil
}

type story struct {
	caller
	games    []string // ids of games that can be bought, as found by the search
	purchase string   // path of the purchase that will be given back
}

const (
	email    = "ana@example.com"
	password = "correct horse battery staple"
)

func (s *story) signUp(ctx context.Context) error {
	if _, err := s.call(ctx, request{
		method: http.MethodPost, path: "/api/users", want: http.StatusCreated,
		body: object{"email": email, "password": password, "name": "Ana"}, show: []string{"id", "email", "roles"},
	}); err != nil {
		return err
	}
	login, err := s.call(ctx, request{
		method: http.MethodPost, path: "/api/auth/login", want: http.StatusOK,
		body: object{"email": email, "password": password}, show: []string{"tokenType"},
	})
	if err != nil {
		return err
	}
	s.token = login.text("accessToken")
	return nil
}

func (s *story) search(ctx context.Context) error {
	found, err := s.call(ctx, request{method: http.MethodGet, path: "/api/games?q=stratgy&limit=3", want: http.StatusOK})
	if err != nil {
		return err
	}
	for _, game := range found.list("items") {
		s.say("%-28s %-10s %s", game.text("name"), game.text("category"), price(game))
	}
	all, err := s.quietly().call(ctx, request{method: http.MethodGet, path: "/api/games?sort=popularity&limit=100", want: http.StatusOK})
	if err != nil {
		return err
	}
	for _, game := range append(found.list("items"), all.list("items")...) {
		if game.object("price").number("amount") > 0 && !contains(s.games, game.text("id")) {
			s.games = append(s.games, game.text("id"))
		}
	}
	if len(s.games) < 3 {
		return fmt.Errorf("found %d games to buy, want at least 3", len(s.games))
	}
	return nil
}

func (s *story) buy(ctx context.Context) error {
	accepted, err := s.call(ctx, request{
		method: http.MethodPost, path: "/api/games/" + s.games[0] + "/purchase", want: http.StatusAccepted,
		headers: map[string]string{"Idempotency-Key": "first-purchase"}, show: []string{"status", "price"},
	})
	if err != nil {
		return err
	}
	s.purchase = accepted.header.Get("Location")
	return s.watch(ctx, s.purchase, "completed")
}

func (s *story) doubleClick(ctx context.Context) error {
	path := "/api/games/" + s.games[1] + "/purchase"
	type click struct {
		answer answer
		err    error
	}
	clicks := make(chan click, 2)
	for range 2 {
		go func() {
			a, err := s.quietly().call(ctx, request{method: http.MethodPost, path: path})
			clicks <- click{a, err}
		}()
	}
	var accepted, refused answer
	for range 2 {
		c := <-clicks
		switch {
		case c.err != nil:
			return c.err
		case c.answer.status == http.StatusAccepted:
			accepted = c.answer
		case c.answer.status == http.StatusConflict:
			refused = c.answer
		}
	}
	if accepted.status == 0 || refused.status == 0 {
		return errors.New("two clicks must give one 202 and one 409")
	}
	s.say("POST %s, twice at once", path)
	s.say("  202 Accepted %s", pick(accepted.body, "status"))
	s.say("  409 Conflict %s", pick(refused.body, "code", "purchase"))
	return s.watch(ctx, accepted.header.Get("Location"), "completed")
}

func (s *story) decline(ctx context.Context) error {
	declined, err := s.call(ctx, request{
		method: http.MethodPost, path: "/api/games/" + s.games[2] + "/purchase", want: http.StatusAccepted,
		body: object{"paymentMethod": "tok_declined"}, show: []string{"status"},
	})
	if err != nil {
		return err
	}
	if err := s.watch(ctx, declined.header.Get("Location"), "failed"); err != nil {
		return err
	}
	_, err = s.call(ctx, request{
		method: http.MethodGet, path: declined.header.Get("Location"), want: http.StatusOK, show: []string{"status", "failureReason"},
	})
	return err
}

func (s *story) library(ctx context.Context) error {
	library, err := s.call(ctx, request{method: http.MethodGet, path: "/api/me/library", want: http.StatusOK})
	if err != nil {
		return err
	}
	for _, owned := range library.list("items") {
		s.say("%s", owned.object("game").text("name"))
	}
	suggestions, err := s.call(ctx, request{method: http.MethodGet, path: "/api/me/recommendations?limit=3", want: http.StatusOK})
	if err != nil {
		return err
	}
	for _, r := range suggestions.list("items") {
		s.say("%-28s because of: %s %s", r.object("game").text("name"), r.text("reason"), r.text("category"))
	}
	return nil
}

func (s *story) refund(ctx context.Context) error {
	if _, err := s.call(ctx, request{
		method: http.MethodPost, path: s.purchase + "/refund", want: http.StatusAccepted, show: []string{"status"},
	}); err != nil {
		return err
	}
	return s.watch(ctx, s.purchase, "refunded")
}

func (s *story) history(ctx context.Context) error {
	history, err := s.call(ctx, request{method: http.MethodGet, path: "/api/me/purchases", want: http.StatusOK})
	if err != nil {
		return err
	}
	for _, p := range history.list("items") {
		s.say("%-28s %-10s %s %s", p.text("gameId"), p.text("status"), price(p), p.text("failureReason"))
	}
	payment, err := s.call(ctx, request{
		method: http.MethodGet, path: "/api/payments?purchase=" + lastSegment(s.purchase), want: http.StatusOK,
		show: []string{"status", "provider"},
	})
	if err != nil {
		return err
	}
	for _, attempt := range payment.list("attempts") {
		s.say("attempt %v: %s %s", attempt["number"], attempt.text("kind"), attempt.text("outcome"))
	}
	return nil
}
