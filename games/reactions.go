package games

import (
	"context"
	"log/slog"
	"time"

	"gamestore.example/pkg/errs"
)

// Consumers, by which the repository remembers the messages it has seen. They
// equal the names of the queues.
const (
	ConsumerPayments = "games.payments"
	ConsumerUsers    = "games.users"
)

// PaymentCompleted implements Reactions.
func (s *Shop) PaymentCompleted(ctx context.Context, e PaymentEvent) (Outcome, error) {
	return s.react(ctx, "payment.completed", "completed", e, Purchase.Complete)
}

// PaymentFailed implements Reactions.
func (s *Shop) PaymentFailed(ctx context.Context, e PaymentEvent) (Outcome, error) {
	return s.react(ctx, "payment.failed", "failed", e, always(Purchase.Fail))
}

// PaymentRefunded implements Reactions.
func (s *Shop) PaymentRefunded(ctx context.Context, e PaymentEvent) (Outcome, error) {
	return s.react(ctx, "payment.refunded", "refunded", e, always(Purchase.Refunded))
}

// PaymentRefundFailed implements Reactions.
func (s *Shop) PaymentRefundFailed(ctx context.Context, e PaymentEvent) (Outcome, error) {
	return s.react(ctx, "payment.refund_failed", "refund_failed", e, always(Purchase.RefundFailed))
}

type transition func(Purchase, Payment, time.Time) (Change, error)

func always(f func(Purchase, Payment, time.Time) Change) transition {
	return func(p Purchase, pay Payment, now time.Time) (Change, error) { return f(p, pay, now), nil }
}

func (s *Shop) react(ctx context.Context, event, step string, e PaymentEvent, apply transition) (Outcome, error) {
	if err := e.validate(); err != nil {
		return "", err
	}
	var before Status
	now := s.now()
	up, err := s.repo.UpdatePurchase(ctx, e.PurchaseID, Cause{Consumer: ConsumerPayments, MessageID: e.MessageID}, IdempotencyKey{},
		func(p Purchase) (Change, error) {
			before = p.Status
			c, err := apply(p, e.Payment, now)
			c.Events = s.withIDs(c.Events)
			return c, err
		})
	if err != nil {
		s.refused(ctx, event, e, err)
		return "", err
	}
	s.meter.Reaction(event, up.Outcome)
	switch up.Outcome {
	case Applied:
		if up.Purchase.Status == StatusCancelled {
			step = "paid_after_cancel"
		}
		s.committed(step, before, up.Purchase)
	case Contradiction:
		s.log.WarnContext(ctx, "an event contradicts the purchase; nothing was changed", "event", event, "purchase_id", e.PurchaseID,
			"payment_id", e.Payment.ID, "status", string(up.Purchase.Status), "message_id", e.MessageID)
	case Duplicate, Ignored, Refused:
	}
	return up.Outcome, nil
}

// refused logs what an operator has to look at: a payment that must not be granted.
func (s *Shop) refused(ctx context.Context, event string, e PaymentEvent, err error) {
	if errs.SettleOf(err) != errs.Dead {
		return
	}
	s.meter.Reaction(event, Refused)
	s.log.LogAttrs(ctx, slog.LevelError, "an event was refused", slog.String("event", event), slog.String("purchase_id", e.PurchaseID),
		slog.String("payment_id", e.Payment.ID), slog.String("message_id", e.MessageID), slog.Any("error", err))
}

// ForgetUser implements Reactions.
func (s *Shop) ForgetUser(ctx context.Context, e UserEvent) (Outcome, error) {
	if e.MessageID == "" || e.UserID == "" {
		return "", errs.New(errs.Invalid, "malformed-event", "the event lacks the message's or the user's id")
	}
	outcome, err := s.repo.ForgetUser(ctx, Cause{Consumer: ConsumerUsers, MessageID: e.MessageID}, e.UserID)
	if err == nil {
		s.meter.Reaction("user.deleted", outcome)
	}
	return outcome, err
}
