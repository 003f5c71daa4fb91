package oracle

import (
	"slices"

	"gamestore.example/games"
)

// acceptedExists also looks at what must never change.
func acceptedExists(s Snapshot, report reporter) {
	purchases := s.purchasesByID()
	for id, told := range s.Told.Purchases {
		p, ok := purchases[id]
		switch {
		case !ok:
			report("purchase %s was accepted, and is lost", id)
		case p.GameID != told.GameID || p.Price != told.Price || p.Method != told.Method:
			report("purchase %s was accepted as %+v, and is %+v", id, told, p)
		case p.UserID != told.UserID && p.UserID != games.ForgottenUser(id):
			report("purchase %s of user %s belongs to %s", id, told.UserID, p.UserID)
		}
	}
}

func neverBack(s Snapshot, report reporter) {
	purchases := s.purchasesByID()
	for id, told := range s.Told.Purchases {
		p, ok := purchases[id]
		if ok && !MayFollow(told.Status, p.Status) {
			report("purchase %s was %s, and is %s", id, told.Status, p.Status)
		}
	}
}

// MayFollow reports whether a purchase seen in one status may be in another one
// later. The simulated provider refuses no refund here.
func MayFollow(before, after games.Status) bool {
	switch before {
	case games.StatusPending:
		return true
	case games.StatusCompleted:
		return slices.Contains([]games.Status{games.StatusCompleted, games.StatusRefunding, games.StatusRefunded}, after)
	case games.StatusRefunding:
		return after == games.StatusRefunding || after == games.StatusRefunded
	case games.StatusRefunded, games.StatusFailed, games.StatusCancelled:
	}
	return after == before
}

func oneAnswer(s Snapshot, report reporter) {
	for key, answers := range s.Told.Answers {
		for _, a := range answers {
			if a != answers[0] {
				report("key %s was answered %+v, and then %+v", key, answers[0], a)
			}
		}
	}
}

func accountExists(s Snapshot, report reporter) {
	accounts := s.accountsByID()
	for id, told := range s.Told.Accounts {
		a, ok := accounts[id]
		switch {
		case !ok:
			report("account %s was made, and is lost", id)
		case told.Deleted && !a.Deleted:
			report("account %s was deleted, and lives", id)
		}
	}
}

// editExists accepts later versions: an edit without an answer may have been done.
func editExists(s Snapshot, report reporter) {
	catalogue := by(s.Games, func(g Game) string { return g.ID })
	for id, told := range s.Told.Games {
		g, ok := catalogue[id]
		switch {
		case !ok:
			report("game %s was created, and is lost", id)
		case told.Deleted && !g.Deleted:
			report("game %s was deleted, and is there", id)
		case g.Version < told.Version:
			report("game %s was edited to version %d, and has version %d", id, told.Version, g.Version)
		case g.Version == told.Version && !told.Deleted && !sameDetails(g, told):
			report("game %s was edited to %+v, and is %+v", id, told, g)
		}
	}
}

func sameDetails(a, b Game) bool {
	return a.Name == b.Name && a.Description == b.Description && a.Category == b.Category && a.Price == b.Price
}
