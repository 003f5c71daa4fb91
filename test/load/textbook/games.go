package textbook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

const gamesSchema = `
CREATE TABLE games (id TEXT PRIMARY KEY, price INTEGER NOT NULL, purchases INTEGER NOT NULL);
CREATE TABLE purchases (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL,
    game_id    TEXT NOT NULL REFERENCES games (id),
    price      INTEGER NOT NULL,
    payment_id TEXT NOT NULL,
    status     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX purchases_active ON purchases (user_id, game_id) WHERE status IN ('pending', 'completed');` + outboxSchema

// UserHeader says who buys.
const UserHeader = "X-User-Id"

// longest bounds the wait of a client.
const longest = 30 * time.Second

type gameStore struct {
	db *sql.DB

	mu      sync.Mutex
	waiting map[string]chan struct{} // by purchase; closed when it is completed
}

func (f *Flow) openGames(ctx context.Context, file string, catalogue map[string]int64) (*gameStore, error) {
	db, err := f.openDB(ctx, file, gamesSchema)
	if err != nil {
		return nil, err
	}
	for id, price := range catalogue {
		if _, err := db.ExecContext(ctx, `INSERT INTO games VALUES (?, ?, 0)`, id, price); err != nil {
			return nil, err
		}
	}
	return &gameStore{db: db, waiting: map[string]chan struct{}{}}, nil
}

func (g *gameStore) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/games/{id}/purchase", g.purchase)
	mux.HandleFunc("GET /api/purchases/{id}", g.await)
	return mux
}

type answer struct {
	ID     string `json:"id"`
	GameID string `json:"gameId"`
	Price  int64  `json:"price"`
	Status string `json:"status"`
}

// purchase stores a pending purchase with its event.
func (g *gameStore) purchase(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	a := answer{ID: newID(), GameID: r.PathValue("id"), Status: "pending"}
	user, now := r.Header.Get(UserHeader), time.Now().UnixMicro()
	err := inTx(ctx, g.db, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT price FROM games WHERE id = ?`, a.GameID).Scan(&a.Price); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO purchases VALUES (?, ?, ?, ?, '', 'pending', ?, ?)`, a.ID, user, a.GameID, a.Price, now, now)
		if err != nil {
			return err
		}
		return appendEvent(ctx, tx, keyPurchased, payload{PurchaseID: a.ID, GameID: a.GameID, UserID: user, Amount: a.Price})
	})
	reply(w, http.StatusAccepted, a, err)
}

// await answers when the purchase is completed, or after a while as it is.
func (g *gameStore) await(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	done, forget := g.listen(id)
	defer forget()
	a, err := g.find(r.Context(), id)
	if err == nil && a.Status == "pending" {
		over := time.NewTimer(longest)
		defer over.Stop()
		select {
		case <-done:
		case <-over.C:
		case <-r.Context().Done():
		}
		a, err = g.find(r.Context(), id)
	}
	reply(w, http.StatusOK, a, err)
}

func (g *gameStore) find(ctx context.Context, id string) (answer, error) {
	a := answer{ID: id}
	err := g.db.QueryRowContext(ctx, `SELECT game_id, price, status FROM purchases WHERE id = ?`, id).Scan(&a.GameID, &a.Price, &a.Status)
	return a, err
}

// paid completes a purchase and counts it.
func (g *gameStore) paid(ctx context.Context, e event) error {
	err := inTx(ctx, g.db, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE purchases SET status = 'completed', payment_id = ?, updated_at = ? WHERE id = ? AND status = 'pending'`,
			e.Data.PaymentID, time.Now().UnixMicro(), e.Data.PurchaseID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE games SET purchases = purchases + 1 WHERE id = ?`, e.Data.GameID)
		return err
	})
	if err == nil {
		g.tell(e.Data.PurchaseID)
	}
	return err
}

// listen returns a channel that is closed when the purchase is completed from now on.
func (g *gameStore) listen(id string) (<-chan struct{}, func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting[id] == nil {
		g.waiting[id] = make(chan struct{})
	}
	return g.waiting[id], func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.waiting, id)
	}
}

func (g *gameStore) tell(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if done := g.waiting[id]; done != nil {
		close(done)
		delete(g.waiting, id)
	}
}

func reply(w http.ResponseWriter, code int, a answer, err error) {
	if errors.Is(err, sql.ErrNoRows) {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(a) // a client that is gone needs no answer
}
