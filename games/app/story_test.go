package app_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gamestore.example/games"
	"gamestore.example/games/app"
	contractgames "gamestore.example/pkg/contract/games"
	contractpayments "gamestore.example/pkg/contract/payments"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/pkg/money"
)

// TestTheStoryOfAPurchase is what a person and the other services see.
func TestTheStoryOfAPurchase(t *testing.T) {
	for name, cfg := range stores(t) {
		t.Run(name, func(t *testing.T) {
			p := start(t, cfg)
			p.seed()
			c := p.caller("ana")
			id := c.buy("owls")
			if e := p.event(contractgames.KeyGamePurchased, id); e.CorrelationID == "" || e.Sequence != "1" {
				t.Errorf("event %+v", e)
			}
			p.payment(contractpayments.KeyPaymentCompleted, id, price, "")
			c.becomes(id, "pending", "completed")
			cause := p.event(contractgames.KeyPurchaseCompleted, id)
			if cause.CausationID == "" || cause.Sequence != "2" {
				t.Errorf("event %+v", cause)
			}
			if a := c.want(http.StatusOK, http.MethodGet, "/api/me/library", ""); !strings.Contains(a.text, "Tower of Owls") {
				t.Errorf("library %s", a.text)
			}
			if a := c.want(http.StatusOK, http.MethodGet, "/api/me/recommendations", ""); !strings.Contains(a.text, `"reason":"category","category":"puzzle"`) || strings.Contains(a.text, "owls") {
				t.Errorf("recommendations %s", a.text)
			}
			p.eventually("the index knows the purchase", func() bool {
				return strings.Contains(c.do(http.MethodGet, "/api/games?q=owls", "").text, `"purchases":1`)
			})

			c.want(http.StatusAccepted, http.MethodPost, "/api/purchases/"+id+"/refund", "")
			p.event(contractgames.KeyPurchaseRefundRequested, id)
			p.payment(contractpayments.KeyPaymentRefunded, id, price, "")
			c.becomes(id, "refunding", "refunded")
			p.event(contractgames.KeyPurchaseRefunded, id)
			p.eventually("the index knows the refund", func() bool {
				return strings.Contains(c.do(http.MethodGet, "/api/games?q=owls", "").text, `"purchases":0`)
			})

			declined := c.buy("owls")
			p.payment(contractpayments.KeyPaymentFailed, declined, price, "card_declined")
			c.becomes(declined, "pending", "failed")
			if a := c.want(http.StatusOK, http.MethodGet, "/api/purchases/"+declined, ""); a.str("failureReason") != "card_declined" {
				t.Errorf("declined %s", a.text)
			}
			p.publish(contractusers.KeyUserDeleted, contractusers.Source, "ana", contractusers.UserDeleted{UserID: "ana", DeletedAt: time.Now()})
			p.eventually("the history is forgotten", func() bool {
				return len(c.do(http.MethodGet, "/api/me/purchases", "").list("items")) == 0
			})
			if dead, err := p.bus.List(t.Context(), 10); err != nil || len(dead) > 0 {
				t.Errorf("dead letters %v, %v", dead, err)
			}
		})
	}
}

func TestWhatOnePurchaseLeavesInTheMetrics(t *testing.T) {
	p := start(t, stores(t)["memory"])
	p.seed()
	c := p.caller("ana")
	id := c.buy("owls")
	p.payment(contractpayments.KeyPaymentCompleted, id, price, "")
	c.becomes(id, "pending", "completed")
	p.payment(contractpayments.KeyPaymentFailed, id, price, "late")
	series := []string{
		`gamestore_purchases_total{outcome="accepted",service="games"} 1`,
		`gamestore_purchases_total{outcome="completed",service="games"} 1`,
		`gamestore_purchase_completion_seconds_count{outcome="completed",service="games"} 1`,
		`gamestore_purchase_events_total{event="payment.completed",outcome="applied",service="games"} 1`,
		`gamestore_purchase_contradictions_total{event="payment.failed",service="games"} 1`,
		`gamestore_purchase_contradictions_total{event="payment.refunded",service="games"} 0`,
	}
	p.eventually("the metrics are there", func() bool {
		text := c.do(http.MethodGet, "/metrics", "").text
		for _, s := range series {
			if !strings.Contains(text, s) {
				return false
			}
		}
		return true
	})
}

func TestAnotherAmountIsADeadLetter(t *testing.T) {
	p := start(t, stores(t)["memory"])
	p.seed()
	c := p.caller("ana")
	id := c.buy("owls")
	p.payment(contractpayments.KeyPaymentCompleted, id, money.Money{Amount: 1, Currency: "BRL"}, "")
	p.eventually("it is a dead letter", func() bool {
		dead, err := p.bus.List(t.Context(), 10)
		return err == nil && len(dead) == 1 && dead[0].Reason == games.ErrAmountMismatch.Code
	})
	if a := c.want(http.StatusOK, http.MethodGet, "/api/purchases/"+id, ""); a.str("status") != "pending" {
		t.Errorf("purchase %s", a.text)
	}
}

func TestAPendingPurchaseIsAskedAbout(t *testing.T) {
	cfg := stores(t)["sqlite and bleve"]
	cfg.SweepAfter, cfg.SweepMax, cfg.SweepEvery = 10*time.Millisecond, 20*time.Millisecond, 5*time.Millisecond
	p := start(t, cfg)
	p.seed()
	id := p.caller("ana").buy("owls")
	seen := map[string]bool{}
	for range 3 {
		seen[p.event(contractgames.KeyGamePurchased, id).ID] = true
	}
	if len(seen) != 3 {
		t.Errorf("events %v", seen)
	}
}

// TestARestartLosesNothing stops the process with a pending purchase, and loses its index.
func TestARestartLosesNothing(t *testing.T) {
	cfg := stores(t)["sqlite and bleve"]
	p := start(t, cfg)
	p.seed()
	id := p.caller("ana").buy("owls")
	p.stop()

	cfg.Search = "bleve:" + t.TempDir()
	p = start(t, cfg)
	c := p.caller("ana")
	if a := c.want(http.StatusOK, http.MethodGet, "/api/games?q=owls", ""); len(a.list("items")) != 1 {
		t.Errorf("search %s", a.text)
	}
	if did, err := p.Seed(t.Context(), []games.Game{{ID: "other", Name: "Other", Category: "x", Price: price, ReleasedAt: time.Now()}}); err != nil || did {
		t.Errorf("seeded %v, %v", did, err)
	}
	p.payment(contractpayments.KeyPaymentCompleted, id, price, "")
	c.becomes(id, "pending", "completed")
}

// watch opens the stream of a purchase.
func (c caller) watch(id string) *bufio.Scanner {
	c.t.Helper()
	resp := c.send(http.MethodGet, "/api/purchases/"+id+"/events", "")
	c.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		c.t.Fatalf("stream: %s %v", resp.Status, resp.Header)
	}
	return bufio.NewScanner(resp.Body)
}

// next returns the next event's status, or "" at the end.
func next(s *bufio.Scanner) string {
	for s.Scan() {
		if _, after, ok := strings.Cut(s.Text(), `"status":"`); ok {
			status, _, _ := strings.Cut(after, `"`)
			return status
		}
	}
	return ""
}

func TestAStreamFollowsThePurchase(t *testing.T) {
	p := start(t, stores(t)["sqlite and bleve"])
	p.seed()
	c := p.caller("ana")
	id := c.buy("owls")
	stream := c.watch(id)
	got := []string{next(stream)}
	p.payment(contractpayments.KeyPaymentCompleted, id, price, "")
	got = append(got, next(stream), next(stream))
	c.want(http.StatusAccepted, http.MethodPost, "/api/purchases/"+id+"/refund", "")
	stream = c.watch(id)
	got = append(got, next(stream))
	p.payment(contractpayments.KeyPaymentRefundFailed, id, price, "provider_refused")
	got = append(got, next(stream), next(stream))
	if want := "pending completed  refunding completed "; fmt.Sprint(strings.Join(got, " ")) != want {
		t.Errorf("streams told %q, want %q", strings.Join(got, " "), want)
	}
}

func TestAStreamEndsWhenTheServerDrains(t *testing.T) {
	p := start(t, stores(t)["memory"])
	p.seed()
	c := p.caller("ana")
	stream := c.watch(c.buy("owls"))
	if got := next(stream); got != "pending" {
		t.Fatalf("first event %q", got)
	}
	p.drain()
	if got := next(stream); got != "" || stream.Err() != nil {
		t.Errorf("after the drain: %q, %v", got, stream.Err())
	}
	p.stop()
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*app.Config){
		"unknown store":  func(c *app.Config) { c.DSN = "postgres://x" },
		"no path":        func(c *app.Config) { c.DSN = "sqlite:" },
		"unknown index":  func(c *app.Config) { c.Search = "elastic" },
		"no folder":      func(c *app.Config) { c.Search = "bleve:" },
		"no refunds":     func(c *app.Config) { c.RefundWindow = 0 },
		"negative bound": func(c *app.Config) { c.SweepAfter = -1 },
		"no sweep":       func(c *app.Config) { c.SweepEvery = 0 },
	} {
		cfg := stores(t)["memory"]
		change(&cfg)
		if _, err := app.New(t.Context(), cfg, app.Deps{}); err == nil || !strings.HasPrefix(err.Error(), "games: the ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := app.New(t.Context(), stores(t)["memory"], app.Deps{}); err == nil {
		t.Error("no dependency, no error")
	}
}
