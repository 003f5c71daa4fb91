package operate_test

import (
	"strings"
	"testing"
)

type story struct {
	Purchase struct{ ID, Status string }
	Payment  struct {
		Status   string
		Attempts []struct{ Kind, Outcome string }
	}
	Events []struct {
		From, Key string
		Receipts  []struct{ Consumer string }
	}
	DeadLetters []struct{ Queue, Reason string }
	BusSeen     bool
	Timeline    []struct{ Who, What string }
	Waiting     struct{ Place, Words string }
}

func tell(t *testing.T, dir, id string) story {
	t.Helper()
	return decode[story](t, "purchase", "explain", "-data", dir, id)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestPurchasesOfARunningStore(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	token := s.buyer()
	done := s.buy(token, "ashen-frontier", "tok_approved")
	refused := s.buy(token, "merchant-tides", "tok_declined")
	unknown := s.buy(token, "hollow-crown-tactics", "tok_reset_after_charge")

	eventually(t, "all three are where they belong", func() bool {
		return strings.HasPrefix(tell(t, dir, done).Waiting.Words, "completed") &&
			tell(t, dir, refused).Waiting.Words == "failed (card_declined)" && tell(t, dir, unknown).Payment.Status == "unknown"
	})
	eventually(t, "everything is told", func() bool { return tell(t, dir, done).Waiting.Words == "completed" })
	text := mustRun(t, "purchase", "explain", done, "-data", dir)
	has(t, text, done, "accepted", "wrote game.purchased", "payments.purchases took game.purchased", "attempt 1: charge charged",
		"games.payments took payment.completed", "completed: wrote purchase.completed", "sent purchase.completed, 1 attempt")
	if last := lastLine(text); last != "Completed." {
		t.Errorf("the last line is %q", last)
	}
	st := tell(t, dir, unknown)
	if st.Purchase.Status != "pending" || st.Waiting.Place == "end" || !st.BusSeen || len(st.Payment.Attempts) == 0 {
		t.Errorf("%+v", st)
	}
	s.stop()
	// The same words without a store that runs.
	if again := mustRun(t, "purchase", "explain", done, "-data", dir); again != text {
		t.Errorf("stopped:\n%s\nrunning:\n%s", again, text)
	}
	mustFail(t, `there is no purchase "none"`, "purchase", "explain", "-data", dir, "none")

	// A dead letter about it shows, whatever became of its body's envelope.
	plant(t, dir, "bad-body", message("m-1", []byte("broken, but about "+done)))
	st = tell(t, dir, done)
	if len(st.DeadLetters) != 1 || st.DeadLetters[0].Reason != "bad-body" {
		t.Errorf("%+v", st.DeadLetters)
	}
	has(t, st.Waiting.Words, "completed, but", "m-1")
}

func TestAPurchaseWithoutTheBus(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	id := s.buy(s.buyer(), "ashen-frontier", "tok_approved")
	s.stop()
	files := []string{"-games.db.dsn", "sqlite:" + dir + "/games.db", "-payments.db.dsn", "sqlite:" + dir + "/payments.db"}
	out := mustRun(t, append([]string{"purchase", "explain", id, "-data", t.TempDir()}, files...)...)
	has(t, out, "accepted", "-bus.url names the broker")
	away := mustRun(t, append([]string{"purchase", "explain", id, "-bus.url", "amqp://somebody:secret@127.0.0.1:1/"}, files...)...)
	has(t, away, "accepted", "Dead letters were not looked at: broker-unavailable")
	if strings.Contains(away, "secret") {
		t.Errorf("the password is shown:\n%s", away)
	}
}
