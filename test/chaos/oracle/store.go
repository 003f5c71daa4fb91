package oracle

import (
	"cmp"
	"slices"

	"gamestore.example/games"
	"gamestore.example/users"
)

func countersAgree(s Snapshot, report reporter) {
	counted := map[string]int64{}
	for _, p := range s.Purchases {
		if p.Status.Owned() {
			counted[p.GameID]++
		}
	}
	for _, g := range s.Games {
		if g.Purchases != counted[g.ID] {
			report("game %s counts %d purchases, and has %d", g.ID, g.Purchases, counted[g.ID])
		}
	}
}

func oneActive(s Snapshot, report reporter) {
	type place struct{ user, game string }
	taken := map[place]string{}
	for _, p := range s.Purchases {
		if !p.Status.Active() {
			continue
		}
		at := place{p.UserID, p.GameID}
		if other, twice := taken[at]; twice {
			report("user %s has game %s by the purchases %s and %s", p.UserID, p.GameID, other, p.ID)
		}
		taken[at] = p.ID
	}
}

func everythingSent(s Snapshot, report reporter) {
	for _, e := range s.Unsent {
		report("event %s (%s) is still in the outbox of %s", e.ID, e.Key, e.File)
	}
}

func busEmpty(s Snapshot, report reporter) {
	for _, m := range s.Journal {
		if !m.Dead {
			report("message %s (%s) is still in queue %s", m.ID, m.Key, m.Queue)
		}
	}
}

// noDeadLetters allows each planted one once.
func noDeadLetters(s Snapshot, report reporter) {
	allowed := map[Message]bool{}
	for _, m := range s.Planted {
		allowed[m.dead()] = true
	}
	for _, m := range s.Journal {
		if m.Dead && !allowed[m.dead()] {
			report("message %s (%s) of queue %s is dead: %s", m.ID, m.Key, m.Queue, m.Reason)
		}
		delete(allowed, m.dead())
	}
}

func plantedIsDead(s Snapshot, report reporter) {
	dead := map[Message]bool{}
	for _, m := range s.Journal {
		dead[m.dead()] = m.Dead
	}
	for _, m := range s.Planted {
		if !dead[m.dead()] {
			report("message %s of queue %s is not dead by the reason %s", m.ID, m.Queue, m.Reason)
		}
	}
}

// dead is what tells dead letters apart.
func (m Message) dead() Message { return Message{ID: m.ID, Queue: m.Queue, Reason: m.Reason} }

// indexAgrees compares each field of each game, and the order by popularity.
func indexAgrees(s Snapshot, report reporter) {
	found := by(s.Found, func(g Game) string { return g.ID })
	if len(found) != len(s.Found) {
		report("%d games are found, and only %d different ones", len(s.Found), len(found))
	}
	for _, g := range s.Games {
		f, ok := found[g.ID]
		switch {
		case ok == g.Deleted:
			report("game %s: deleted is %t, found is %t", g.ID, g.Deleted, ok)
		case ok && f != g:
			report("game %s is found as %+v, and is %+v", g.ID, f, g)
		}
		delete(found, g.ID)
	}
	for id := range found {
		report("game %s is found, and not in the catalogue", id)
	}
	popular := func(a, b Game) int { return cmp.Or(cmp.Compare(b.Purchases, a.Purchases), cmp.Compare(a.ID, b.ID)) }
	if !slices.IsSortedFunc(s.Found, popular) {
		report("the order by popularity is wrong")
	}
}

// historyTells looks at accounts that live; with an account goes its history.
func historyTells(s Snapshot, report reporter) {
	times := make(map[HistoryEntry]int, len(s.History))
	for _, e := range s.History {
		times[e]++
	}
	accounts := s.accountsByID()
	for _, p := range s.Purchases {
		if a, ok := accounts[p.UserID]; !ok || a.Deleted || !p.Status.Settled() {
			continue
		}
		for _, kind := range endKinds() {
			got, want := times[HistoryEntry{UserID: p.UserID, PurchaseID: p.ID, Kind: kind}], 0
			if slices.Contains(toldOf(p.Status), kind) {
				want = 1
			}
			if got != want {
				report("purchase %s is %s, and is told %d times as %s", p.ID, p.Status, got, kind)
			}
		}
	}
}

func endKinds() []users.EntryKind {
	return []users.EntryKind{users.PurchaseCompleted, users.PurchaseFailed, users.PurchaseCancelled, users.PurchaseRefunded}
}

// toldOf returns what the history tells of a purchase at its end.
func toldOf(s games.Status) []users.EntryKind {
	switch s {
	case games.StatusCompleted:
		return []users.EntryKind{users.PurchaseCompleted}
	case games.StatusFailed:
		return []users.EntryKind{users.PurchaseFailed}
	case games.StatusCancelled:
		return []users.EntryKind{users.PurchaseCancelled}
	case games.StatusRefunded:
		return []users.EntryKind{users.PurchaseCompleted, users.PurchaseRefunded}
	case games.StatusPending, games.StatusRefunding:
	}
	return nil
}

func forgotten(s Snapshot, report reporter) {
	accounts := s.accountsByID()
	for _, p := range s.Purchases {
		switch a, ok := accounts[p.UserID]; {
		case ok && a.Deleted:
			report("purchase %s still belongs to user %s, who is deleted", p.ID, p.UserID)
		case !ok && p.UserID != games.ForgottenUser(p.ID):
			report("purchase %s belongs to user %s, who does not exist", p.ID, p.UserID)
		}
	}
}
