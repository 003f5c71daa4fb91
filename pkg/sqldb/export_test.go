package sqldb

import "runtime"

// WaitForWaiting returns when n changes wait for their turn.
func WaitForWaiting(db *DB, n int) {
	for db.group.Waiting() < n {
		runtime.Gosched()
	}
}
