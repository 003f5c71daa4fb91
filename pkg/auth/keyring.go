package auth

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a Keyring.
const (
	// DefaultPublishDelay is how long a new key is published before it signs. It is
	// not less than what anybody caches a key set for.
	DefaultPublishDelay = 5 * time.Minute
	// DefaultRetention is how long a key stays published after it signed last.
	DefaultRetention = time.Hour
	// reloadEvery is how often the file is looked at.
	reloadEvery = time.Second
)

type keyringConfig struct {
	publishDelay time.Duration
	retention    time.Duration
	logger       *slog.Logger
}

// KeyringOption changes a default of OpenKeyring.
type KeyringOption func(*keyringConfig)

// WithPublishDelay sets how long a new key is published before it signs.
func WithPublishDelay(d time.Duration) KeyringOption {
	return func(c *keyringConfig) { c.publishDelay = d }
}

// WithRetention sets how long a key stays published after it signed last; no
// token may live longer.
func WithRetention(d time.Duration) KeyringOption {
	return func(c *keyringConfig) { c.retention = d }
}

// WithKeyringLogger sets where failed reloads are told.
func WithKeyringLogger(l *slog.Logger) KeyringOption {
	return func(c *keyringConfig) { c.logger = l }
}

// Keyring holds the keys that sign tokens, in one file that several processes may
// share. A key is first published, then signs, then is retired (published, so
// that its tokens stay good), and is removed when its last token has
// ended. It is safe for concurrent use.
type Keyring struct {
	path string
	now  func() time.Time
	cfg  keyringConfig

	state  atomic.Pointer[ringState]
	reload sync.Mutex // held by the one who looks at the file
}

// ringState is what was read from the file, and when somebody looked last.
type ringState struct {
	keys    []ringKey // by the time they begin to sign
	info    fs.FileInfo
	checked time.Time
}

// SigningKey is the private key that signs now.
type SigningKey struct {
	// ID is the kid header of what it signs.
	ID string
	// Alg is EdDSA.
	Alg string
	// Private is an ed25519.PrivateKey.
	Private crypto.Signer
}

// KeyringFile is the name of the key file in the directory given to OpenKeyring.
const KeyringFile = "keyring.json"

// OpenKeyring opens the key file in dir, and makes both when they do not exist;
// the first key signs at once. It refuses a file that others than its owner can read.
func OpenKeyring(dir string, now func() time.Time, opts ...KeyringOption) (*Keyring, error) {
	cfg := keyringConfig{publishDelay: DefaultPublishDelay, retention: DefaultRetention, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(&cfg)
	}
	if cfg.publishDelay < 0 || cfg.retention <= 0 {
		return nil, fmt.Errorf("auth: publish delay %v and retention %v: want 0 or more, and more than 0", cfg.publishDelay, cfg.retention)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("auth: key directory: %w", err)
	}
	k := &Keyring{path: filepath.Join(dir, KeyringFile), now: now, cfg: cfg}
	err := k.update(context.Background(), func(keys []ringKey, now time.Time) ([]ringKey, error) {
		if len(keys) > 0 {
			return k.prune(keys, now), nil
		}
		return addKey(nil, now, now)
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Signer returns the key that signs now.
func (k *Keyring) Signer() (SigningKey, error) {
	now := k.now()
	key, ok := current(k.load(now).keys, now)
	if !ok || key.private == nil {
		return SigningKey{}, errors.New("auth: no key of the keyring may sign")
	}
	return SigningKey{ID: key.id, Alg: EdDSA, Private: key.private}, nil
}

// Key returns the published key of this id, or ErrUnknownKey.
func (k *Keyring) Key(_ context.Context, kid string) (Key, error) {
	now := k.now()
	keys := k.load(now).keys
	for i := range keys {
		if keys[i].id == kid && !k.ended(keys, i, now) {
			return Key{Alg: EdDSA, Public: keys[i].public}, nil
		}
	}
	return Key{}, ErrUnknownKey
}

// JWKS returns the public keys as a key set, RFC 7517.
func (k *Keyring) JWKS() []byte {
	now := k.now()
	keys := k.load(now).keys
	set := jwkSet{Keys: make([]jwk, 0, len(keys))}
	for i, key := range keys {
		if !k.ended(keys, i, now) {
			set.Keys = append(set.Keys, publicJWK(key.id, key.public))
		}
	}
	data, err := json.Marshal(set)
	if err != nil { // strings alone: cannot fail
		panic(err)
	}
	return data
}

// Rotate publishes a new key, which begins to sign after the publish delay, and
// removes the keys whose last token has ended. Other processes that have the same
// keyring open follow within a second. ErrRotationPending if the last new key
// is not signing yet.
func (k *Keyring) Rotate(ctx context.Context) error {
	return k.update(ctx, func(keys []ringKey, now time.Time) ([]ringKey, error) {
		if n := len(keys); n > 0 && keys[n-1].signsFrom.After(now) {
			return nil, ErrRotationPending.WithDetail("signsFrom", keys[n-1].signsFrom)
		}
		return addKey(k.prune(keys, now), now, now.Add(k.cfg.publishDelay))
	})
}

// current returns the newest key whose time to sign has come.
func current(keys []ringKey, now time.Time) (ringKey, bool) {
	for i := len(keys) - 1; i >= 0; i-- {
		if !keys[i].signsFrom.After(now) {
			return keys[i], true
		}
	}
	return ringKey{}, false
}

// ended reports whether all tokens of key i have ended. It signed last when the
// next one began.
func (k *Keyring) ended(keys []ringKey, i int, now time.Time) bool {
	return i+1 < len(keys) && now.After(keys[i+1].signsFrom.Add(k.cfg.retention+MaxLeeway))
}

// prune removes what has ended, and the private half of what signs no more.
func (k *Keyring) prune(keys []ringKey, now time.Time) []ringKey {
	kept := make([]ringKey, 0, len(keys)+1)
	signing, _ := current(keys, now)
	for i, key := range keys {
		if k.ended(keys, i, now) {
			continue
		}
		if key.signsFrom.Before(signing.signsFrom) {
			key.private = nil
		}
		kept = append(kept, key)
	}
	return kept
}

// load returns the keys, after a look at the file when the last is a second old.
// What is broken is told to the log and changes nothing: a bad edit must not stop
// a running process.
func (k *Keyring) load(now time.Time) *ringState {
	s := k.state.Load()
	if age := now.Sub(s.checked); age >= 0 && age < reloadEvery {
		return s
	}
	if !k.reload.TryLock() {
		return s // somebody else is looking
	}
	defer k.reload.Unlock()
	if err := k.read(now); err != nil {
		k.cfg.logger.Error("the keyring cannot be read again; the keys read before stay in use", "error", err)
		stale := *s
		stale.checked = now
		k.state.Store(&stale)
	}
	return k.state.Load()
}

// read takes over the file if it is another one than before. Call it with reload locked.
func (k *Keyring) read(now time.Time) error {
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("auth: keyring: %w", err)
	}
	if s := k.state.Load(); s != nil && sameFile(s.info, info) {
		fresh := *s
		fresh.checked = now
		k.state.Store(&fresh)
		return nil
	}
	keys, info, err := readKeyFile(k.path)
	if err != nil {
		return err
	}
	k.state.Store(&ringState{keys: keys, info: info, checked: now})
	return nil
}

// update changes the file under its lock, so that two processes cannot lose each
// other's keys, and takes over the result.
func (k *Keyring) update(ctx context.Context, change func(keys []ringKey, now time.Time) ([]ringKey, error)) error {
	unlock, err := lockFile(ctx, k.path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	keys, _, err := readKeyFile(k.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	now := k.now()
	next, err := change(keys, now)
	if err != nil {
		return err
	}
	if !sameKeys(keys, next) {
		if err := writeKeyFile(k.path, next); err != nil {
			return err
		}
	}
	k.reload.Lock()
	defer k.reload.Unlock()
	return k.read(now)
}

// ringKey is one key of the ring. private is nil when it signs no more.
type ringKey struct {
	id        string
	public    ed25519.PublicKey
	private   ed25519.PrivateKey
	createdAt time.Time
	signsFrom time.Time
}
