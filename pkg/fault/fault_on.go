//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Enabled says whether this build can kill itself.
const Enabled = true

// trap is the one selected point. Points sit in code that knows nothing of faults,
// so this build, made for tests alone, keeps it for the process.
type trap struct {
	name string
	left atomic.Int64
}

var selected = sync.OnceValue(func() *trap {
	name, hit, counted := strings.Cut(os.Getenv("GAMESTORE_FAULT"), "#")
	t := &trap{name: name}
	t.left.Store(1)
	if counted {
		n, err := strconv.ParseInt(hit, 10, 64)
		if err != nil || n < 1 {
			panic("fault: GAMESTORE_FAULT is not name#hit: " + os.Getenv("GAMESTORE_FAULT"))
		}
		t.left.Store(n)
	}
	return t
})

// Point kills the process if name is the selected point and this is its hit.
func Point(name string) {
	t := selected()
	if t.name != name || t.left.Add(-1) != 0 {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic("fault: cannot kill the process: " + err.Error())
	}
	select {} // The signal comes at once, but nothing here may run before it.
}

// Panic panics if id is what GAMESTORE_PANIC names.
func Panic(id string) {
	if id != "" && id == os.Getenv("GAMESTORE_PANIC") {
		panic("fault: " + id + " is what this process panics at")
	}
}
