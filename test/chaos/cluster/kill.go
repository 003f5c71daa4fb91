package cluster

import (
	"context"
)

// killProcess kills a process from outside, and starts it again at once.
func killProcess(ctx context.Context, l *lane, f Fault) error {
	if err := pass(ctx, f.For); err != nil {
		return err
	}
	l.Process(f.kind.service).Kill()
	return l.Start(ctx, f.kind.service, "")
}

// stopProcess stops a process in order while it is wanted, and starts it again.
func stopProcess(ctx context.Context, l *lane, f Fault) error {
	if err := pass(ctx, f.For); err != nil {
		return err
	}
	if err := l.Stop(f.kind.service); err != nil {
		l.report(f, CheckDrain, "%v", err)
	}
	return l.Start(ctx, f.kind.service, "")
}

// killBroker kills RabbitMQ, and starts it again after a while on the same data.
func killBroker(ctx context.Context, l *lane, f Fault) error {
	if err := l.Broker.server.Kill(); err != nil {
		return err
	}
	if err := l.hold(ctx, f); err != nil {
		return err
	}
	return l.Broker.server.Start(ctx)
}

// restartBroker stops RabbitMQ in order, and starts it again.
func restartBroker(ctx context.Context, l *lane, f Fault) error {
	if err := l.Broker.server.Stop(); err != nil {
		return err
	}
	if err := l.hold(ctx, f); err != nil {
		return err
	}
	return l.Broker.server.Start(ctx)
}

// diskAlarm lets RabbitMQ think that its disk is full: it takes no more messages.
func diskAlarm(ctx context.Context, l *lane, f Fault) error {
	return l.alarm(ctx, f, []string{"set_disk_free_limit", "1000000GB"}, []string{"set_disk_free_limit", "50MB"})
}

// memoryAlarm lets RabbitMQ think that it has no memory left.
func memoryAlarm(ctx context.Context, l *lane, f Fault) error {
	return l.alarm(ctx, f, []string{"set_vm_memory_high_watermark", "absolute", "1MB"}, []string{"set_vm_memory_high_watermark", "0.4"})
}

func (l *lane) alarm(ctx context.Context, f Fault, on, off []string) error {
	if _, err := l.Broker.ctl(ctx, on...); err != nil {
		return err
	}
	if err := l.hold(ctx, f); err != nil {
		return err
	}
	_, err := l.Broker.ctl(ctx, off...)
	return err
}

// cut takes the broker off the network for a while.
func cut(ctx context.Context, l *lane, f Fault) error {
	l.net.cut()
	if err := l.hold(ctx, f); err != nil {
		return err
	}
	return l.net.mend()
}

// reset closes all connections to the broker.
func reset(ctx context.Context, l *lane, f Fault) error {
	if err := pass(ctx, f.For); err != nil {
		return err
	}
	if err := l.net.reset(); err != nil {
		return err
	}
	return pass(ctx, ahead)
}

// swallow lets what is on its way vanish, without closing anything, until the
// connections are closed at the end.
func swallow(directions ...string) func(context.Context, *lane, Fault) error {
	return func(ctx context.Context, l *lane, f Fault) error {
		for _, d := range directions {
			if err := l.net.poison("timeout", d, map[string]int{"timeout": 0}); err != nil {
				return err
			}
		}
		if err := l.hold(ctx, f); err != nil {
			return err
		}
		l.net.clean(ctx)
		return nil
	}
}

// slow adds a toxic in both directions that delays.
func slow(toxic string, attributes map[string]int) func(context.Context, *lane, Fault) error {
	return func(ctx context.Context, l *lane, f Fault) error {
		for _, d := range []string{toBroker, fromBroker} {
			if err := l.net.poison(toxic, d, attributes); err != nil {
				return err
			}
		}
		if err := l.hold(ctx, f); err != nil {
			return err
		}
		l.net.clean(ctx)
		return nil
	}
}
