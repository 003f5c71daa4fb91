package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gamestore.example/pkg/bus/rabbit/private"
)

// Broker is the RabbitMQ of a contest.
type Broker struct {
	*private.Broker
	hosts int
}

// StartBroker starts a private RabbitMQ in a folder.
func StartBroker(ctx context.Context, dir string) (*Broker, error) {
	b, err := private.New(dir)
	if err != nil {
		return nil, err
	}
	if err := b.Start(ctx); err != nil {
		return nil, err
	}
	// It takes connections before it takes commands.
	if _, err := b.Ctl(ctx, "await_startup"); err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	return &Broker{Broker: b}, nil
}

// host makes a virtual host, so that nobody gets another's messages.
func (b *Broker) host(ctx context.Context) (string, error) {
	b.hosts++
	name := "h" + strconv.Itoa(b.hosts)
	if _, err := b.Ctl(ctx, "add_vhost", name); err != nil {
		return "", err
	}
	_, err := b.Ctl(ctx, "set_permissions", "-p", name, "guest", ".*", ".*", ".*")
	return b.URL + name, err
}

// Place makes a place for a side, with a virtual host of its own.
func (b *Broker) Place(ctx context.Context, dir, programs string, clients int) (Place, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Place{}, err
	}
	host, err := b.host(ctx)
	return Place{Dir: dir, Broker: host, Programs: programs, Clients: clients}, err
}

// Standing is what a contest found out about one side.
type Standing struct {
	Name   string
	Rounds []Round
	// Ratios are to the first side, round by round.
	Ratios []float64
}

// Run measures the sides in turns: first all once, then all again. Only those whose name
// passes keep take part; the first always does.
func (c Contest) Run(ctx context.Context, b *Broker, programs, dir string, each time.Duration, keep func(string) bool) (_ []Standing, err error) {
	var players []Player
	var standings []Standing
	defer func() {
		for _, p := range players {
			err = errors.Join(err, p.Close())
		}
	}()
	for i, side := range c.Sides {
		if i > 0 && !keep(side.Name) {
			continue
		}
		place, err := b.Place(ctx, filepath.Join(dir, strconv.Itoa(i)), programs, Buyers)
		if err != nil {
			return nil, err
		}
		p, err := side.Open(ctx, place)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", side.Name, err)
		}
		players, standings = append(players, p), append(standings, Standing{Name: side.Name})
	}
	for range c.Rounds {
		for i, p := range players {
			r, err := p.Round(ctx, each)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", standings[i].Name, err)
			}
			if r.Operations == 0 {
				return nil, fmt.Errorf("%s: nothing was done in the time that counts", standings[i].Name)
			}
			s := &standings[i]
			s.Rounds = append(s.Rounds, r)
			s.Ratios = append(s.Ratios, r.Rate()/standings[0].Rounds[len(s.Rounds)-1].Rate())
		}
	}
	return standings, nil
}

// Longest is the time after which a contest is stuck.
func (c Contest) Longest(each time.Duration) time.Duration {
	const opening = 3 * time.Minute
	// A fixed rate takes another round to find.
	rounds := time.Duration((c.Rounds + 1) * len(c.Sides))
	return opening + rounds*(leadIn+each+ending/4)
}

// Rate is the median of the rounds.
func (s Standing) Rate() float64 {
	rates := make([]float64, len(s.Rounds))
	for i, r := range s.Rounds {
		rates[i] = r.Rate()
	}
	return median(rates)
}

// Ratio is the median of the ratios of the rounds.
func (s Standing) Ratio() float64 { return median(s.Ratios) }

// CPU is the processor time of one operation, in all and by program.
func (s Standing) CPU() (time.Duration, map[string]time.Duration) {
	n, total, by := 0, time.Duration(0), map[string]time.Duration{}
	for _, r := range s.Rounds {
		n += r.Operations
		for name, t := range r.CPU {
			by[name] += t
			total += t
		}
	}
	for name := range by {
		by[name] /= time.Duration(n)
	}
	return total / time.Duration(n), by
}

// Latency returns a quantile over all rounds, 0 if there are no latencies.
func (s Standing) Latency(q float64) time.Duration {
	var all []time.Duration
	for _, r := range s.Rounds {
		all = append(all, r.Latencies...)
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// Notes are those of the rounds, each once.
func (s Standing) Notes() []string {
	var notes []string
	for _, r := range s.Rounds {
		if r.Note != "" && !slices.Contains(notes, r.Note) {
			notes = append(notes, r.Note)
		}
	}
	return notes
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
