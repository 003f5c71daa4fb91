package process

import (
	"fmt"
	"strings"
	"time"
)

const (
	mostSteps = 10
	// leastStep is what the broker counts in, longestStep keeps a typing error from
	// putting messages aside for months.
	leastStep, longestStep = time.Millisecond, 24 * time.Hour
)

// ladder is the flag of the retry ladder: durations with commas between them.
type ladder struct{ steps *[]time.Duration }

// String implements flag.Value.
func (l ladder) String() string {
	if l.steps == nil {
		return ""
	}
	var words []string
	for _, d := range *l.steps {
		words = append(words, d.String())
	}
	return strings.Join(words, ",")
}

// Set implements flag.Value.
func (l ladder) Set(s string) error {
	var steps []time.Duration
	for word := range strings.SplitSeq(s, ",") {
		d, err := time.ParseDuration(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		if d < leastStep || d > longestStep || d%leastStep != 0 {
			return fmt.Errorf("%v is no step: want whole milliseconds, at most %v", d, longestStep)
		}
		steps = append(steps, d)
	}
	if len(steps) > mostSteps {
		return fmt.Errorf("%d steps are too many: at most %d", len(steps), mostSteps)
	}
	*l.steps = steps
	return nil
}
