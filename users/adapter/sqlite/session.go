package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gamestore.example/pkg/sqldb"
	"gamestore.example/users"
)

const (
	insertSession = `INSERT INTO sessions (id, user_id, created_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?)`
	insertToken   = `INSERT INTO refresh_tokens (hash, session_id, access_id, created_at, rotated_at) VALUES (?, ?, ?, ?, ?)`
)

func openSession(ctx context.Context, tx sqldb.Querier, n users.NewSession) error {
	s := n.Session
	_, err := tx.ExecContext(ctx, insertSession, s.ID, s.UserID, sqldb.Micros(s.CreatedAt), sqldb.Micros(s.ExpiresAt), sqldb.Micros(s.RevokedAt))
	if err != nil {
		return fmt.Errorf("write the session: %w", err)
	}
	return addToken(ctx, tx, s.ID, n.Token)
}

func addToken(ctx context.Context, tx sqldb.Querier, sessionID string, t users.RefreshToken) error {
	_, err := tx.ExecContext(ctx, insertToken, t.Hash[:], sessionID, t.AccessID, sqldb.Micros(t.CreatedAt), sqldb.Micros(t.RotatedAt))
	if err != nil {
		return fmt.Errorf("write the refresh token: %w", err)
	}
	return nil
}

const revokeSessions = `
UPDATE sessions SET revoked_at = ?1
WHERE user_id = ?2 AND revoked_at = 0 AND NOT EXISTS (
    SELECT 1 FROM refresh_tokens t WHERE t.session_id = sessions.id AND t.access_id = ?3 AND ?3 <> '')`

func revoke(ctx context.Context, tx sqldb.Querier, userID string, rev users.Revocation) error {
	if _, err := tx.ExecContext(ctx, revokeSessions, sqldb.Micros(rev.At), userID, rev.ExceptAccessID); err != nil {
		return fmt.Errorf("revoke the sessions: %w", err)
	}
	return nil
}

// erase deletes what belongs to an account.
func erase(ctx context.Context, tx sqldb.Querier, userID string) error {
	for _, statement := range []string{
		`DELETE FROM sessions WHERE user_id = ?`, // and their tokens
		`DELETE FROM history WHERE user_id = ?`,
	} {
		if _, err := tx.ExecContext(ctx, statement, userID); err != nil {
			return fmt.Errorf("erase the account: %w", err)
		}
	}
	return nil
}

const selectGrant = `
SELECT u.id, coalesce(u.email, ''), u.name, u.password_hash, u.roles, u.version, u.created_at, u.updated_at, u.deleted_at,
    s.id, s.created_at, s.expires_at, s.revoked_at, t.access_id, t.created_at, t.rotated_at
FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
WHERE t.hash = ?`

// Grant implements users.Repository.
func (r *Repository) Grant(ctx context.Context, hash users.TokenHash) (users.Grant, error) {
	return readGrant(ctx, r.db.Read(), hash)
}

func readGrant(ctx context.Context, q sqldb.Querier, hash users.TokenHash) (users.Grant, error) {
	var (
		row                      userRow
		g                        users.Grant
		opened, expires, revoked int64
		issued, rotated          int64
	)
	err := q.QueryRowContext(ctx, selectGrant, hash[:]).Scan(append(row.targets(),
		&g.Session.ID, &opened, &expires, &revoked, &g.Token.AccessID, &issued, &rotated)...)
	if errors.Is(err, sql.ErrNoRows) {
		return users.Grant{}, users.ErrInvalidRefreshToken
	}
	if err != nil {
		return users.Grant{}, fmt.Errorf("read the refresh token: %w", sqldb.Classify(err))
	}
	g.User = row.value()
	g.Session.UserID = g.User.ID
	g.Session.CreatedAt, g.Session.ExpiresAt, g.Session.RevokedAt = sqldb.FromMicros(opened), sqldb.FromMicros(expires), sqldb.FromMicros(revoked)
	g.Token.Hash, g.Token.CreatedAt, g.Token.RotatedAt = hash, sqldb.FromMicros(issued), sqldb.FromMicros(rotated)
	return g, nil
}

const (
	updateSession = `UPDATE sessions SET expires_at = ?2, revoked_at = ?3 WHERE id = ?1`
	updateToken   = `UPDATE refresh_tokens SET rotated_at = ?2 WHERE hash = ?1`
)

// UpdateGrant implements users.Repository.
func (r *Repository) UpdateGrant(ctx context.Context, hash users.TokenHash, update func(*users.Grant) error) error {
	return r.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		g, err := readGrant(ctx, tx, hash)
		if err != nil {
			return err
		}
		if err := update(&g); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updateSession, g.Session.ID, sqldb.Micros(g.Session.ExpiresAt), sqldb.Micros(g.Session.RevokedAt)); err != nil {
			return fmt.Errorf("write the session: %w", err)
		}
		if _, err := tx.ExecContext(ctx, updateToken, hash[:], sqldb.Micros(g.Token.RotatedAt)); err != nil {
			return fmt.Errorf("write the refresh token: %w", err)
		}
		if g.Next == nil {
			return nil
		}
		return addToken(ctx, tx, g.Session.ID, *g.Next)
	})
}

const pruneSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`

// PruneSessions implements users.Repository.
func (r *Repository) PruneSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := r.db.Write(ctx, func(ctx context.Context, tx sqldb.Querier) error {
		result, err := tx.ExecContext(ctx, pruneSessions, sqldb.Micros(before), limit)
		if err != nil {
			return fmt.Errorf("prune sessions: %w", err)
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), err
}
