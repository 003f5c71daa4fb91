package folder_test

import (
	"errors"
	"path/filepath"
	"testing"

	"gamestore.example/deploy/folder"
)

func TestAFolderHasOneUserAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	unlock, err := folder.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Lock(dir); !errors.Is(err, folder.ErrInUse) {
		t.Errorf("a second user: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = folder.Lock(dir)
	if err != nil {
		t.Fatalf("after the first has left: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
