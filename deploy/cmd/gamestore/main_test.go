package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheConfigFile uses commands that end by themselves: a flag beats the file.
func TestTheConfigFile(t *testing.T) {
	dir := t.TempDir()
	fromFile, fromFlag, conf := filepath.Join(dir, "file"), filepath.Join(dir, "flag"), filepath.Join(dir, "store.conf")
	if err := os.WriteFile(conf, []byte("data "+fromFile+"\nlog.level error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"reindex", "-config", conf},
		{"reindex", "-config", conf, "-data", fromFlag},
	} {
		if err := newCommand().ParseAndRun(t.Context(), args); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	for _, folder := range []string{fromFile, fromFlag} {
		if _, err := os.Stat(filepath.Join(folder, "games.db")); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(conf, []byte("data "+fromFile+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newCommand().ParseAndRun(t.Context(), []string{"keys", "rotate", "-config", conf}); err != nil {
		t.Error(err)
	}
}
