package auth

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// maxKeyFile bounds what is read, in bytes.
const maxKeyFile = 1 << 20

// keyFile is the file's form.
type keyFile struct {
	Version int       `json:"version"`
	Keys    []fileKey `json:"keys"`
}

type fileKey struct {
	ID        string    `json:"kid"`
	Alg       string    `json:"alg"`
	Public    string    `json:"public"`            // base64url
	Seed      string    `json:"private,omitempty"` // base64url; none once the key signs no more
	CreatedAt time.Time `json:"createdAt"`
	SignsFrom time.Time `json:"signsFrom"`
}

// addKey appends a new key. Its id is taken from its public half, so that it says
// nothing and no two are alike.
func addKey(keys []ringKey, now, signsFrom time.Time) ([]ringKey, error) {
	if len(keys) >= maxKeys {
		return nil, fmt.Errorf("auth: the keyring is full (%d keys)", len(keys))
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("auth: new key: %w", err)
	}
	sum := sha256.Sum256(public)
	return append(keys, ringKey{
		id: base64.RawURLEncoding.EncodeToString(sum[:12]), public: public, private: private,
		createdAt: now.UTC(), signsFrom: signsFrom.UTC(),
	}), nil
}

// sameFile reports whether nothing was written between two looks. Writers rename a
// new file into place, so the file itself differs even within one clock tick.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

func sameKeys(a, b []ringKey) bool {
	return slices.EqualFunc(a, b, func(x, y ringKey) bool {
		return x.id == y.id && (x.private == nil) == (y.private == nil)
	})
}

// readKeyFile reads and checks the file.
func readKeyFile(path string) ([]ringKey, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("auth: keyring: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("auth: keyring: %w", err)
	}
	// Windows has no such bits; its access lists are the operator's.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, nil, fmt.Errorf("auth: keyring %s has mode %04o: it holds private keys and must be 0600 (chmod 600 %s)", path, mode, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("auth: keyring: %w", err)
	}
	keys, err := decodeKeyFile(data)
	if err != nil {
		return nil, nil, fmt.Errorf("auth: keyring %s: %w", path, err)
	}
	return keys, info, nil
}

func decodeKeyFile(data []byte) ([]ringKey, error) {
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("more than %d bytes", maxKeyFile)
	}
	var file keyFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("version %d is unknown", file.Version)
	}
	if len(file.Keys) == 0 || len(file.Keys) > maxKeys {
		return nil, fmt.Errorf("%d keys, want 1 to %d", len(file.Keys), maxKeys)
	}
	keys := make([]ringKey, len(file.Keys))
	for i, f := range file.Keys {
		key, err := f.decode()
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		keys[i] = key
	}
	slices.SortStableFunc(keys, func(a, b ringKey) int {
		return cmp.Or(a.signsFrom.Compare(b.signsFrom), a.createdAt.Compare(b.createdAt))
	})
	return keys, nil
}

// decode never puts key material into its errors: they are logged.
func (f fileKey) decode() (ringKey, error) {
	key := ringKey{id: f.ID, createdAt: f.CreatedAt, signsFrom: f.SignsFrom}
	if f.ID == "" || len(f.ID) > maxKeyID || f.Alg != EdDSA || f.SignsFrom.IsZero() {
		return ringKey{}, errors.New("want kid, alg EdDSA and signsFrom")
	}
	public, err := base64.RawURLEncoding.DecodeString(f.Public)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return ringKey{}, errors.New("public is not an Ed25519 key")
	}
	key.public = public
	if f.Seed == "" {
		return key, nil
	}
	seed, err := base64.RawURLEncoding.DecodeString(f.Seed)
	if err != nil || len(seed) != ed25519.SeedSize {
		return ringKey{}, errors.New("private is not an Ed25519 seed")
	}
	key.private = ed25519.NewKeyFromSeed(seed)
	if !key.public.Equal(key.private.Public()) {
		return ringKey{}, errors.New("the private half does not belong to the public one")
	}
	return key, nil
}

// writeKeyFile replaces the file in one step: a crash leaves the old one or the new.
func writeKeyFile(path string, keys []ringKey) (err error) {
	file := keyFile{Version: 1, Keys: make([]fileKey, len(keys))}
	for i, k := range keys {
		file.Keys[i] = fileKey{
			ID: k.id, Alg: EdDSA, Public: base64.RawURLEncoding.EncodeToString(k.public),
			CreatedAt: k.createdAt, SignsFrom: k.signsFrom,
		}
		if k.private != nil {
			file.Keys[i].Seed = base64.RawURLEncoding.EncodeToString(k.private.Seed())
		}
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("auth: keyring: %w", err)
	}
	// CreateTemp makes the file with mode 0600.
	temp, err := os.CreateTemp(filepath.Dir(path), KeyringFile+".*.tmp")
	if err != nil {
		return fmt.Errorf("auth: keyring: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("auth: keyring: %w", err)
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(append(data, '\n'))
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the rename durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
