package oracle

// Totals say how much an audit looked at.
type Totals struct {
	Accounts, Purchases, Payments, Charges, Refunds, HistoryEntries int
	// Unknown payments are idle: of cancelled purchases, and never charged.
	Unknown int
	// Accepted purchases and Repeated commands are what clients remember.
	Accepted, Repeated int
}

// Add counts what is in a snapshot.
func (t *Totals) Add(s Snapshot) {
	t.Accounts += len(s.Accounts)
	t.Purchases += len(s.Purchases)
	t.Payments += len(s.Payments)
	t.HistoryEntries += len(s.History)
	t.Unknown += len(s.idle())
	t.Accepted += len(s.Told.Purchases)
	for _, c := range s.Charges {
		if c.Times > 0 {
			t.Charges++
		}
		if c.Refunded > 0 {
			t.Refunds++
		}
	}
	for _, answers := range s.Told.Answers {
		t.Repeated += len(answers) - 1
	}
}

// Least returns the smallest of the numbers, but for Unknown: what proves nothing is 0.
func (t *Totals) Least() int {
	return min(t.Accounts, t.Purchases, t.Payments, t.Charges, t.Refunds, t.HistoryEntries, t.Accepted, t.Repeated)
}
