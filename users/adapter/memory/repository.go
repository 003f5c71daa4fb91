// Package memory keeps accounts in the memory of one process: for tests and for a
// store that may forget everything. It also has the throttle of logins, which needs
// nothing that outlives the process.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"gamestore.example/pkg/outbox"
	outboxmemory "gamestore.example/pkg/outbox/memory"
	"gamestore.example/users"
)

// consumer is the inbox's name for the history.
const consumer = "users.history"

// Encoder turns an event into the record that is published.
type Encoder func(ctx context.Context, e users.Event) (outbox.Record, error)

// Repository implements users.Repository.
type Repository struct {
	encode Encoder
	outbox *outboxmemory.Store
	inbox  *outboxmemory.Inbox
	signal outbox.Signal

	mu       sync.RWMutex
	users    map[string]users.User
	byEmail  map[string]string // address → id, of the living
	sessions map[string]users.Session
	tokens   map[users.TokenHash]token
	history  map[string][]users.Entry // by account, in the order of Seq
	seq      int64
}

// token is a refresh token with its session's id.
type token struct {
	users.RefreshToken
	sessionID string
}

var _ users.Repository = (*Repository)(nil)

// NewRepository returns an empty Repository that leaves its events in the store
// and then wakes the signal.
func NewRepository(encode Encoder, store *outboxmemory.Store, signal outbox.Signal) *Repository {
	return &Repository{
		encode: encode, outbox: store, inbox: outboxmemory.NewInbox(), signal: signal,
		users: map[string]users.User{}, byEmail: map[string]string{}, sessions: map[string]users.Session{},
		tokens: map[users.TokenHash]token{}, history: map[string][]users.Entry{},
	}
}

// CreateUser implements users.Repository.
func (r *Repository) CreateUser(ctx context.Context, u users.User, change users.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store(ctx, u, change)
}

// User implements users.Repository.
func (r *Repository) User(ctx context.Context, id string) (users.User, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.user(ctx, id)
}

func (r *Repository) user(ctx context.Context, id string) (users.User, error) {
	if err := ctx.Err(); err != nil {
		return users.User{}, err
	}
	u, ok := r.users[id]
	if !ok {
		return users.User{}, users.ErrUserNotFound
	}
	return clone(u), nil
}

// UserByEmail implements users.Repository.
func (r *Repository) UserByEmail(ctx context.Context, email string) (users.User, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.user(ctx, r.byEmail[email])
}

// HasAdmin implements users.Repository.
func (r *Repository) HasAdmin(ctx context.Context) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, u := range r.users {
		if u.IsAdmin() {
			return true, ctx.Err()
		}
	}
	return false, ctx.Err()
}

// UpdateUser implements users.Repository.
func (r *Repository) UpdateUser(ctx context.Context, id string, update func(users.User) (users.User, users.Change, error)) (users.User, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u, err := r.user(ctx, id)
	if err != nil {
		return users.User{}, err
	}
	u, change, err := update(u)
	if err != nil {
		return users.User{}, err
	}
	if err := r.store(ctx, u, change); err != nil {
		return users.User{}, err
	}
	return clone(u), nil
}

// store writes an account and its change. What can fail comes before what cannot
// be undone. Call it with mu held.
func (r *Repository) store(ctx context.Context, u users.User, change users.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if holder, taken := r.byEmail[u.Email]; taken && u.Email != "" && holder != u.ID {
		return users.ErrEmailTaken
	}
	records := make([]outbox.Record, 0, len(change.Events))
	for _, e := range change.Events {
		record, err := r.encode(ctx, e)
		if err != nil {
			return err
		}
		records = append(records, record)
	}
	delete(r.byEmail, r.users[u.ID].Email)
	r.users[u.ID] = clone(u)
	if u.Email != "" {
		r.byEmail[u.Email] = u.ID
	}
	r.apply(u.ID, change)
	if len(records) > 0 {
		r.outbox.Append(records...)
		r.signal.Wake()
	}
	return nil
}

func (r *Repository) apply(userID string, change users.Change) {
	if change.Erase {
		r.erase(userID)
	}
	if change.Revoke != nil {
		r.revoke(userID, *change.Revoke)
	}
	if change.Open != nil {
		s := change.Open.Session
		r.sessions[s.ID] = s
		r.tokens[change.Open.Token.Hash] = token{RefreshToken: change.Open.Token, sessionID: s.ID}
	}
	for _, e := range change.Entries {
		r.add(e)
	}
}

func (r *Repository) erase(userID string) {
	for id, s := range r.sessions {
		if s.UserID == userID {
			r.dropSession(id)
		}
	}
	delete(r.history, userID)
}

func (r *Repository) dropSession(id string) {
	delete(r.sessions, id)
	for hash, t := range r.tokens {
		if t.sessionID == id {
			delete(r.tokens, hash)
		}
	}
}

func (r *Repository) revoke(userID string, revocation users.Revocation) {
	spared := ""
	for _, t := range r.tokens {
		if revocation.ExceptAccessID != "" && t.AccessID == revocation.ExceptAccessID {
			spared = t.sessionID
		}
	}
	for id, s := range r.sessions {
		if s.UserID == userID && id != spared && s.RevokedAt.IsZero() {
			s.RevokedAt = revocation.At
			r.sessions[id] = s
		}
	}
}

// Grant implements users.Repository.
func (r *Repository) Grant(ctx context.Context, hash users.TokenHash) (users.Grant, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.grant(ctx, hash)
}

func (r *Repository) grant(ctx context.Context, hash users.TokenHash) (users.Grant, error) {
	if err := ctx.Err(); err != nil {
		return users.Grant{}, err
	}
	t, ok := r.tokens[hash]
	if !ok {
		return users.Grant{}, users.ErrInvalidRefreshToken
	}
	s := r.sessions[t.sessionID]
	return users.Grant{User: clone(r.users[s.UserID]), Session: s, Token: t.RefreshToken}, nil
}

// UpdateGrant implements users.Repository.
func (r *Repository) UpdateGrant(ctx context.Context, hash users.TokenHash, update func(*users.Grant) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, err := r.grant(ctx, hash)
	if err != nil {
		return err
	}
	if err := update(&g); err != nil {
		return err
	}
	r.sessions[g.Session.ID] = g.Session
	r.tokens[hash] = token{RefreshToken: g.Token, sessionID: g.Session.ID}
	if g.Next != nil {
		r.tokens[g.Next.Hash] = token{RefreshToken: *g.Next, sessionID: g.Session.ID}
	}
	return nil
}

// PruneSessions implements users.Repository.
func (r *Repository) PruneSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for id, s := range r.sessions {
		if n < limit && s.ExpiresAt.Before(before) {
			r.dropSession(id)
			n++
		}
	}
	return n, ctx.Err()
}

func clone(u users.User) users.User {
	u.Roles = slices.Clone(u.Roles)
	return u
}
