package operate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gamestore.example/deploy/folder"
	"gamestore.example/payments"
	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/bus/memory"
	"gamestore.example/pkg/bus/sqlite"
	contractgames "gamestore.example/pkg/contract/games"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/event"
	"gamestore.example/pkg/observe"
	outboxsqlite "gamestore.example/pkg/outbox/sqlite"
	"gamestore.example/pkg/sqldb"
)

// plant puts messages into the journal of a store that is stopped; with a reason as
// dead letters.
func plant(t *testing.T, dir string, reason errs.Code, entries ...memory.Entry) {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(dir, "bus.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := sqlite.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	j := sqlite.NewJournal(db)
	if err := j.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if reason == "" {
		return
	}
	for i, e := range entries {
		s := memory.Settlement{Entry: e, Outcome: errs.Dead, Reason: reason, At: time.Unix(1700000000+int64(i), 0)}
		if err := j.Settle(t.Context(), []memory.Settlement{s}); err != nil {
			t.Fatal(err)
		}
	}
}

func message(id string, body []byte) memory.Entry {
	return memory.Entry{Queue: payments.ConsumerPurchases, Message: bus.Message{
		ID: id, Key: contractgames.KeyGamePurchased, ContentType: event.ContentType, Body: body, Attempt: 1,
		Headers: map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	}}
}

type letter struct {
	Queue, ID, Key, Reason string
	Attempts, Size         int
	At                     time.Time
}

type whole struct {
	letter
	Headers    map[string]string
	Body       any
	BodyText   string
	BodyBase64 []byte
}

type result struct {
	Action    string
	Letters   []letter
	Delivered string
}

func dead(t *testing.T, dir string) []letter {
	t.Helper()
	return decode[[]letter](t, "dlq", "list", "-data", dir)
}

// taken reports whether payments took a message.
func taken(t *testing.T, dir, id string) bool {
	t.Helper()
	db, err := sqldb.OpenReadOnly(t.Context(), filepath.Join(dir, "payments.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := outboxsqlite.NewStore(db).Receipts(t.Context(), []string{payments.ConsumerPurchases}, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return len(r) == 1
}

// TestPoisonInARunningStore plants garbage, which dies again when it is replayed, and
// an event whose cause of death is gone, which is handled then.
func TestPoisonInARunningStore(t *testing.T) {
	dir := t.TempDir()
	const poison, healed = "00000000-poison", "01995b30-0000-7000-8000-000000000104"
	golden := contractgames.Golden(contractgames.KeyGamePurchased)
	plant(t, dir, "", message(poison, []byte("garbage \x1b[31m")))
	plant(t, dir, "internal", message(healed, golden))
	s := start(t, dir)

	eventually(t, "the garbage is a dead letter", func() bool { return len(dead(t, dir)) == 2 })
	list := mustRun(t, "dlq", "list", "-data", dir)
	has(t, list, "SINCE", "payments.purchases", poison, "game.purchased", "malformed-event", healed)
	if strings.Index(list, healed) > strings.Index(list, poison) {
		t.Errorf("the oldest is not the first:\n%s", list)
	}
	has(t, mustRun(t, "dlq", "list", "-data", dir, "-limit", "1"), "There are more")
	show := mustRun(t, "dlq", "show", "-data", dir, payments.ConsumerPurchases, poison)
	has(t, show, "malformed-event", "Header traceparent", `garbage \x1b[31m`)
	if strings.ContainsRune(show, 0x1b) {
		t.Error("an escape sequence got through to the terminal")
	}

	replay := decode[result](t, "dlq", "replay", "-data", dir, payments.ConsumerPurchases, healed)
	if replay.Delivered != "now" || len(replay.Letters) != 1 {
		t.Errorf("%+v", replay)
	}
	eventually(t, "payments takes what was replayed", func() bool { return taken(t, dir, healed) })
	first := dead(t, dir)
	if len(first) != 1 || first[0].ID != poison {
		t.Fatalf("left: %+v", first)
	}
	has(t, mustRun(t, "dlq", "replay", "-data", dir, "-all", "-queue", payments.ConsumerPurchases), "1 dead letter was replayed.")
	eventually(t, "the garbage dies again", func() bool {
		again := dead(t, dir)
		return len(again) == 1 && again[0].At.After(first[0].At)
	})
	mustFail(t, "add -yes", "dlq", "drop", "-data", dir, payments.ConsumerPurchases, poison)
	has(t, mustRun(t, "dlq", "drop", "-data", dir, payments.ConsumerPurchases, poison, "-yes"), "1 dead letter was dropped.")
	has(t, mustRun(t, "dlq", "list", "-data", dir), "There are no dead letters.")
	mustFail(t, "there is no dead letter", "dlq", "replay", "-data", dir, payments.ConsumerPurchases, poison)
	s.stop()
}

func TestDeadLettersOfAStoppedStore(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "bad-body", message("m-1", []byte(`{"a":1}`)), message("", []byte{0, 255}), message("m-3", nil))
	for id, body := range map[string]string{"m-1": "{\n  \"a\": 1\n}", "": "00000000  00 ff", "m-3": "(no body)"} {
		has(t, mustRun(t, "dlq", "show", "-data", dir, payments.ConsumerPurchases, id), body)
	}
	got := decode[whole](t, "dlq", "show", "-data", dir, payments.ConsumerPurchases, "m-1")
	if got.ID != "m-1" || got.Reason != "bad-body" || got.Size != 7 || got.Body == nil || len(got.Headers) != 1 {
		t.Errorf("%+v", got)
	}
	if got := decode[whole](t, "dlq", "show", "-data", dir, payments.ConsumerPurchases, ""); len(got.BodyBase64) != 2 {
		t.Errorf("%+v", got)
	}
	mustFail(t, "there is no dead letter", "dlq", "show", "-data", dir, "games.index", "m-1")

	one := decode[result](t, "dlq", "replay", "-data", dir, payments.ConsumerPurchases, "m-1")
	if one.Action != "replayed" || one.Delivered != "at-start" || one.Letters[0].ID != "m-1" {
		t.Errorf("%+v", one)
	}
	has(t, mustRun(t, "dlq", "replay", "-data", dir, "-all", "-queue", "games.index"), "0 dead letters")
	has(t, mustRun(t, "dlq", "drop", "-yes", "-data", dir, payments.ConsumerPurchases, ""), "1 dead letter was dropped.")
	has(t, mustRun(t, "dlq", "replay", "-data", dir, "-all"), "1 dead letter was replayed; the store is stopped")
	if left := dead(t, dir); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	// The first start has both of them.
	b := openBus(t, dir)
	if err := b.Declare(t.Context(), bus.Queue{Name: payments.ConsumerPurchases, Keys: []string{"game.purchased"}}); err != nil {
		t.Fatal(err)
	}
	handled := consume(t, b, payments.ConsumerPurchases, 2)
	if !handled["m-1"] || !handled["m-3"] {
		t.Errorf("delivered: %v", handled)
	}
}

func TestAStoreThatDoesNotAnswer(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "bad-body", message("m-1", nil))
	unlock, err := folder.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	mustFail(t, "does not answer", "dlq", "replay", "-data", dir, payments.ConsumerPurchases, "m-1")
	mustFail(t, "does not answer", "dlq", "drop", "-yes", "-data", dir, payments.ConsumerPurchases, "m-1")
	if left := dead(t, dir); len(left) != 1 {
		t.Errorf("left: %+v", left)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	for _, c := range [][]string{
		{"dlq", "list"},
		{"dlq", "show", "q", "m"},
		{"dlq", "replay", "q", "m"},
		{"dlq", "replay", "-all"},
		{"dlq", "drop", "-yes", "q", "m"},
		{"outbox", "status"},
		{"outbox", "retry"},
		{"purchase", "explain", "p"},
	} {
		mustFail(t, "there is no folder "+none, append(c, "-data", none)...)
		mustFail(t, "there is no database of", append(c, "-data", dir)...)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("looking made %v, %v", files, err)
	}
	mustFail(t, "got 1 arguments, want 2; usage: gamestore dlq show", "dlq", "show", "q")
	mustFail(t, "-all and -queue take no QUEUE and ID", "dlq", "replay", "-all", "q", "m")
	mustFail(t, "want table or json", "dlq", "list", "-o", "xml")
	mustFail(t, `unknown command "lst"`, "dlq", "lst")
	mustFail(t, "the broker's URL", "dlq", "list", "-bus.url", "http://nowhere")
	t.Setenv("DATA", none)
	mustFail(t, "there is no folder "+none, "dlq", "list")
	t.Setenv("YES", "true") // what is no place is nobody's but the command line's
	mustFail(t, "add -yes", "dlq", "drop", "-data", dir, "q", "m")
}

func TestTheConfigFileOfAStore(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "bad-body", message("m-1", nil))
	conf := filepath.Join(t.TempDir(), "store.conf")
	if err := os.WriteFile(conf, []byte("data "+dir+"\nhttp.addr 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	has(t, mustRun(t, "dlq", "list", "-config", conf), "m-1")
	mustFail(t, "there is no database", "dlq", "list", "-config", conf, "-data", t.TempDir())
}

func openBus(t *testing.T, dir string) *memory.Bus {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(dir, "bus.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return memory.New(memory.WithJournal(sqlite.NewJournal(db)), memory.WithRegistry(observe.NewRegistry("test", "test")))
}
