package auth

import "testing"

// LockKeyring takes the ring's lock, as another process would.
func LockKeyring(t *testing.T, k *Keyring) (unlock func()) {
	t.Helper()
	unlock, err := lockFile(t.Context(), k.path+".lock")
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}
