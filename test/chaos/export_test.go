package chaos

import "context"

// ReadFolder and Moving let tests read the files of a store.
func ReadFolder(ctx context.Context, path string) (Snapshot, error) {
	return folder{path}.snapshot(ctx)
}

// Moving says what is under way in a data folder.
func Moving(ctx context.Context, path string) (string, error) { return folder{path}.moving(ctx) }
