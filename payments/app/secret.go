package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gamestore.example/payments/adapter/simulated"
)

// webhookSecret returns the secret that signs webhooks: the configured one, or a
// random one that is kept beside the payments.
func webhookSecret(cfg Config) ([]byte, error) {
	if cfg.WebhookSecret != "" {
		return []byte(cfg.WebhookSecret), nil
	}
	if cfg.DSN == inMemory {
		return []byte(rand.Text()), nil
	}
	file := beside(path(cfg.DSN), "-webhook.secret")
	secret, err := readSecret(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeSecret(file); err == nil {
			secret, err = readSecret(file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("payments: the webhook secret: %w", err)
	}
	return secret, nil
}

func readSecret(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimSpace(string(text))
	if len(secret) < simulated.MinSecret {
		return nil, fmt.Errorf("%s holds less than %d characters", file, simulated.MinSecret)
	}
	return []byte(secret), nil
}

// makeSecret writes the file as a whole or not at all. Of several processes that
// make it at once, one does, and all read that.
func makeSecret(file string) (err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".webhook-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(hex.EncodeToString(random[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
