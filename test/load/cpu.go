package load

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// own is the name of this process among others.
const own = "load generator"

// stat is what /proc says about one process.
type stat struct {
	name   string
	parent int
	cpu    time.Duration
}

// cpuTimes returns the processor time so far of this process and all its descendants,
// by name. Where there is no /proc it is empty.
func cpuTimes() map[string]time.Duration {
	all := processes()
	times := map[string]time.Duration{}
	for pid, s := range all {
		if !descends(all, pid) {
			continue
		}
		name := s.name
		if pid == os.Getpid() {
			name = own
		}
		times[name] += s.cpu
	}
	return times
}

func processes() map[int]stat {
	all := map[int]stat{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		text, err := os.ReadFile(file) //nolint:gosec // it is of /proc
		if err != nil {
			continue // it has ended
		}
		if s, ok := parseStat(text); ok {
			all[pid] = s
		}
	}
	return all
}

// parseStat reads a line of /proc/<pid>/stat. The name is in brackets and may hold anything.
func parseStat(text []byte) (stat, bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return stat{}, false
	}
	// From the state on: the parent is the 2nd, user and system time are the 12th and 13th.
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 13 {
		return stat{}, false
	}
	s := stat{name: string(text[open+1 : end])}
	var user, system int
	for i, into := range map[int]*int{1: &s.parent, 11: &user, 12: &system} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return stat{}, false
		}
		*into = n
	}
	s.cpu = time.Duration(user+system) * tick
	return s, true
}

// descends reports whether pid is this process or comes from it.
func descends(all map[int]stat, pid int) bool {
	for range len(all) {
		if pid == os.Getpid() {
			return true
		}
		s, known := all[pid]
		if !known || s.parent == 0 {
			return false
		}
		pid = s.parent
	}
	return false
}

// since returns what was added to each. What has ended meanwhile is left out.
func since(before, after map[string]time.Duration) map[string]time.Duration {
	d := maps.Clone(after)
	for name, t := range before {
		d[name] -= t
	}
	maps.DeleteFunc(d, func(_ string, t time.Duration) bool { return t <= 0 })
	return d
}
