package words

import "slices"

// Distance returns how many typos lie between two words, counting up to limit;
// anything more is limit+1. A typo is a letter inserted, removed or replaced, or two
// neighbours swapped (the optimal string alignment distance).
func Distance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if abs(len(s)-len(t)) > limit {
		return limit + 1
	}
	// Three rows of the usual table: a swap looks back two rows.
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		for j := range t {
			row[j+1] = step(s, t, i, j, before, last, row)
		}
		if slices.Min(row) > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(t)], limit+1)
}

// step is the distance between s[:i+1] and t[:j+1].
func step(s, t []rune, i, j int, before, last, row []int) int {
	replaced := last[j]
	if s[i] != t[j] {
		replaced++
	}
	d := min(replaced, last[j+1]+1, row[j]+1)
	if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
		d = min(d, before[j-1]+1)
	}
	return d
}

func abs(n int) int { return max(n, -n) }
