package oracle

import (
	"slices"

	"gamestore.example/games"
	"gamestore.example/payments"
	"gamestore.example/payments/adapter/simulated"
)

// chargesByPurchase groups the provider's books by reference.
func (s Snapshot) chargesByPurchase() map[string][]Charge {
	m := make(map[string][]Charge, len(s.Charges))
	for _, c := range s.Charges {
		m[c.Reference] = append(m[c.Reference], c)
	}
	return m
}

func chargedOnce(s Snapshot, report reporter) {
	for purchase, charges := range s.chargesByPurchase() {
		var times int64
		for _, c := range charges {
			times += c.Times
		}
		if times > 1 {
			report("purchase %s was charged %d times", purchase, times)
		}
	}
}

func chargedKnown(s Snapshot, report reporter) {
	purchases := s.purchasesByID()
	for _, c := range s.Charges {
		if _, known := purchases[c.Reference]; !known {
			report("charge %s is for purchase %s, which does not exist", c.Key, c.Reference)
		}
	}
}

func moneyAgrees(s Snapshot, report reporter) {
	charges := s.chargesByPurchase()
	for _, p := range s.Purchases {
		var held, refunded int64
		for _, c := range charges[p.ID] {
			held, refunded = held+c.Held(), refunded+c.Refunded
			if c.Amount != p.Price {
				report("purchase %s of %s has a charge of %s", p.ID, p.Price, c.Amount)
			}
		}
		switch p.Status {
		case games.StatusCompleted:
			if held != p.Price.Amount {
				report("purchase %s of %s is completed, and the provider holds %d", p.ID, p.Price, held)
			}
		case games.StatusRefunded:
			if held != 0 || refunded != p.Price.Amount {
				report("purchase %s of %s is refunded, and the provider holds %d and gave back %d", p.ID, p.Price, held, refunded)
			}
		case games.StatusFailed, games.StatusCancelled:
			// Money of a cancelled purchase takes its time to go back.
			if held != 0 && (s.AtRest || p.Status == games.StatusFailed) {
				report("purchase %s of %s is %s, and the provider holds %d", p.ID, p.Price, p.Status, held)
			}
		case games.StatusPending, games.StatusRefunding:
		}
	}
}

// methodDecides knows the simulated provider's methods. What it charges sooner or
// later must never fail, however often the store was killed meanwhile.
func methodDecides(s Snapshot, report reporter) {
	for _, p := range s.Purchases {
		failed := p.Status == games.StatusFailed
		switch {
		case p.Price.IsZero() && !p.Status.Owned() && p.Status != games.StatusRefunded:
			report("purchase %s is free, and %s", p.ID, p.Status)
		case p.Price.IsZero(), !p.Status.Settled(), p.Status == games.StatusCancelled:
		case failed != declines(p.Method):
			report("purchase %s by %q is %s", p.ID, p.Method, p.Status)
		}
	}
}

// declines reports whether the simulated provider declines a payment method, as
// far as shoppers use them.
func declines(method string) bool {
	return method == simulated.Declined || method == simulated.InsufficientFunds
}

// paymentsAgree expects one payment for each purchase that costs something.
func paymentsAgree(s Snapshot, report reporter) {
	found := make(map[string]Payment, len(s.Payments))
	purchases := s.purchasesByID()
	for _, pay := range s.Payments {
		if other, twice := found[pay.PurchaseID]; twice {
			report("purchase %s has the payments %s and %s", pay.PurchaseID, other.ID, pay.ID)
		}
		found[pay.PurchaseID] = pay
		if _, known := purchases[pay.PurchaseID]; !known {
			report("payment %s is for purchase %s, which does not exist", pay.ID, pay.PurchaseID)
		}
	}
	idle := s.idle()
	for _, p := range s.Purchases {
		pay, exists := found[p.ID]
		if p.Status == games.StatusCancelled && idle[pay.ID] {
			continue
		}
		if why := disagreement(p, pay, exists, s.AtRest); why != "" {
			report("purchase %s of %s is %s with payment %q; its payment is %+v: %s", p.ID, p.Price, p.Status, p.PaymentID, pay, why)
		}
	}
}

// disagreement says why a purchase and its payment cannot both be so, or "".
func disagreement(p Purchase, pay Payment, exists, atRest bool) string {
	switch ends := paymentEnds(p.Status, atRest); {
	case p.Price.IsZero() && exists:
		return "a free game has no payment"
	case p.Price.IsZero():
		return ""
	case !exists && len(ends) > 0:
		return "there is none"
	case !exists:
		return ""
	case pay.Amount != p.Price:
		return "another amount"
	case p.PaymentID != "" && p.PaymentID != pay.ID:
		return "another payment"
	case p.Status.Owned() && p.PaymentID == "":
		return "the payment is not known"
	case len(ends) > 0 && !slices.Contains(ends, pay.Status):
		return "another status"
	}
	return ""
}

// paymentEnds returns what the payment of a purchase may be. None means that it
// may be anything, and may not be there yet.
func paymentEnds(s games.Status, atRest bool) []payments.Status {
	switch s {
	case games.StatusCompleted:
		return []payments.Status{payments.Completed}
	case games.StatusFailed:
		return []payments.Status{payments.Failed}
	case games.StatusRefunding:
		return []payments.Status{payments.Completed, payments.Refunding, payments.Refunded}
	case games.StatusRefunded:
		return []payments.Status{payments.Refunded}
	case games.StatusCancelled:
		if atRest {
			return []payments.Status{payments.Failed, payments.Refunded}
		}
	case games.StatusPending:
	}
	return nil
}

// idle returns the payments that stay unknown for good reason. When the store is
// killed between writing down a charge and making it, and the purchase is cancelled
// before that is cleared up, the charge is not made any more; but that the provider does
// not know it now does not prove that it never will. The payment is looked up until a
// person decides. Nobody is charged, and the purchase is cancelled.
func (s Snapshot) idle() map[string]bool {
	known := map[string]bool{}
	for _, c := range s.Charges {
		known[c.Key] = true
	}
	idle := map[string]bool{}
	for _, p := range s.Payments {
		unknown := p.Status == payments.Unknown || p.Status == payments.ManualReview
		if unknown && p.Cancelled && !known[p.ID] {
			idle[p.ID] = true
		}
	}
	return idle
}

func nothingPending(s Snapshot, report reporter) {
	for _, p := range s.Purchases {
		if !p.Status.Settled() {
			report("purchase %s is %s", p.ID, p.Status)
		}
	}
	idle := s.idle()
	for _, p := range s.Payments {
		switch p.Status {
		case payments.Completed, payments.Failed, payments.Refunded:
		case payments.Pending, payments.Charging, payments.Unknown, payments.ManualReview, payments.Refunding:
			if idle[p.ID] {
				continue
			}
			report("payment %s of purchase %s is %s", p.ID, p.PurchaseID, p.Status)
		}
	}
}
