package security_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/bus/rabbit"
)

// TestSecurity12 is where secrets are, and which are refused.
func TestSecurity12(t *testing.T) {
	t.Run("files of the store are its owner's alone", func(t *testing.T) {
		h := open(t, setup{})
		h.scene()
		found := 0
		h.must(filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if name := d.Name(); strings.HasPrefix(name, "keyring.json") || strings.HasSuffix(name, ".secret") {
				found++
				if info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s is open to others: %v", path, info.Mode())
				}
			}
			return err
		}))
		if found == 0 {
			t.Error("no key was found")
		}
	})
	t.Run("keys that others can read", func(t *testing.T) {
		h := open(t, setup{})
		file := filepath.Join(h.dir, "keys", auth.KeyringFile)
		h.must(os.Chmod(file, 0o644))
		if _, err := auth.OpenKeyring(filepath.Dir(file), h.clock.now); err == nil {
			t.Error("they are taken")
		}
		h.must(os.Chmod(file, 0o600))
	})
	t.Run("guest of a broker elsewhere", func(t *testing.T) {
		for url, taken := range map[string]bool{
			"amqp://guest:guest@127.0.0.1:5672/":          true,
			"amqp://guest:guest@localhost:5672/":          true,
			"amqp://guest:guest@[::1]:5672/":              true,
			"amqp://127.0.0.1:5672/":                      true,
			"amqps://games:a-real-secret@broker.example/": true,
			"amqp://guest:guest@broker.example:5672/":     false,
			"amqps://guest:other@broker.example/":         false,
			"amqp://broker.example:5672/":                 false, // nobody is guest
			"amqp://games:games@10.0.0.1/":                false, // a password that is the name
			"amqp://games:@10.0.0.1/":                     false,
			"amqp://127.0.0.1.broker.example/":            false,
		} {
			b, err := rabbit.New(rabbit.Config{URL: url})
			if (err == nil) != taken {
				t.Errorf("%s: %v", url, err)
			}
			if err != nil && (strings.Contains(err.Error(), "guest:") || strings.Contains(err.Error(), "games:")) {
				t.Errorf("the error has the password: %v", err)
			}
			if b != nil {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
