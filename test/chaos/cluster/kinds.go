package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gamestore.example/deploy/up"
)

// kind is one way to break something.
type kind struct {
	// name is its row in the report.
	name string
	// service is whose process dies, point and most where and at which hit at the latest.
	service, point string
	most           int
	// least and longest bound how long it lasts.
	least, longest time.Duration
	// accepts says that purchases have to be accepted meanwhile.
	accepts bool
	// breaks says that connections of clients may break.
	breaks bool
	// errs says that errors may be logged: a service cannot keep its promises now.
	errs bool
	// do does it and undoes it; a process that dies at a point has none.
	do func(ctx context.Context, l *lane, f Fault) error
}

func kinds(mounted bool) []kind {
	all := slices.Concat(points(), kills(), brokerFaults(), networkFaults(), plants(), fileFaults())
	all = append(all, kind{name: "copies of all events, shuffled", least: 2 * time.Second, longest: 4 * time.Second, do: storm})
	if mounted {
		all = append(all, kind{name: "disk full", least: 2 * time.Second, longest: 4 * time.Second, errs: true, do: diskFull})
	}
	return all
}

// Points returns every fault point that a process of a cluster has.
func Points() []string {
	var names []string
	for _, k := range points() {
		names = append(names, k.point)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// points are those of the code, with the latest hit that a run chooses. A second or two
// of load make so many.
func points() []kind {
	var all []kind
	for _, p := range []struct {
		name                   string
		users, games, payments int
	}{
		{"sqldb.before-commit", 80, 200, 200},
		{"sqldb.after-commit", 80, 200, 200},
		{"outbox.after-claim", 3, 60, 60},
		{"outbox.after-publish", 3, 60, 60},
		{"outbox.before-mark-sent", 3, 60, 60},
		{"rabbit.before-confirm", 3, 60, 60},
		{"bus.before-handler", 80, 100, 80},
		{"bus.before-ack", 80, 100, 80},
		{"rabbit.before-ack-frame", 60, 80, 60},
		{"rabbit.after-ack-frame", 60, 80, 60},
		{"payments.before-charge", 0, 0, 50},
		{"payments.after-charge", 0, 0, 50},
	} {
		for service, most := range map[string]int{up.Users: p.users, up.Games: p.games, up.Payments: p.payments} {
			if most > 0 {
				all = append(all, kind{name: fmt.Sprintf("%s dies at %s", service, p.name), service: service, point: p.name, most: most})
			}
		}
	}
	slices.SortFunc(all, byName)
	return all
}

func kills() []kind {
	var all []kind
	for _, service := range services() {
		breaks := service == up.Gateway
		all = append(all,
			kind{name: "kill -9 of " + service, service: service, longest: time.Second, breaks: breaks, do: killProcess},
			kind{name: "SIGTERM of " + service, service: service, longest: time.Second, breaks: breaks, do: stopProcess},
		)
	}
	return all
}

func brokerFaults() []kind {
	return []kind{
		{name: "RabbitMQ: kill -9", longest: 3 * time.Second, accepts: true, do: killBroker},
		{name: "RabbitMQ: restart", longest: 3 * time.Second, accepts: true, do: restartBroker},
		{name: "RabbitMQ: disk alarm", least: time.Second, longest: 6 * time.Second, accepts: true, do: diskAlarm},
		{name: "RabbitMQ: memory alarm", least: time.Second, longest: 6 * time.Second, accepts: true, do: memoryAlarm},
	}
}

func networkFaults() []kind {
	return []kind{
		{name: "network: cut", least: time.Second, longest: 5 * time.Second, accepts: true, do: cut},
		{name: "network: reset", longest: time.Second, do: reset},
		{name: "network: silence", least: time.Second, longest: 6 * time.Second, accepts: true, do: swallow(toBroker, fromBroker)},
		{name: "network: silence until it is noticed", least: 22 * time.Second, longest: 26 * time.Second, accepts: true, do: swallow(toBroker, fromBroker)},
		{name: "network: nothing reaches RabbitMQ", least: time.Second, longest: 6 * time.Second, accepts: true, do: swallow(toBroker)},
		{name: "network: nothing comes from RabbitMQ", least: time.Second, longest: 6 * time.Second, accepts: true, do: swallow(fromBroker)},
		{name: "network: 300 ms latency", least: 2 * time.Second, longest: 4 * time.Second, accepts: true, do: slow("latency", map[string]int{"latency": 300, "jitter": 100})},
		{name: "network: 50 KB/s", least: 2 * time.Second, longest: 4 * time.Second, accepts: true, do: slow("bandwidth", map[string]int{"rate": 50})},
	}
}

func fileFaults() []kind {
	var all []kind
	for _, service := range []string{up.Users, up.Games, up.Payments} {
		all = append(all, kind{
			name: "database of " + service + " locked", service: service, least: time.Second, longest: 8 * time.Second,
			accepts: service == up.Payments, errs: true, do: lockDatabase,
		})
	}
	return all
}

func byName(a, b kind) int {
	switch {
	case a.name < b.name:
		return -1
	case a.name > b.name:
		return 1
	}
	return 0
}
