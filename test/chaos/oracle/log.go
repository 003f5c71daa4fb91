package oracle

import "encoding/json"

// Judged reports whether a line that was logged as an error tells of a payment that
// the audit looks at anyway: one that is put before a person, which Audit allows only where
// nobody was charged; and one whose step took longer than its time, as happens on a
// busy machine, and is found out again.
func Judged(line string) bool {
	var l struct {
		Msg    string `json:"msg"`
		Status string `json:"status"`
	}
	if json.Unmarshal([]byte(line), &l) != nil {
		return false
	}
	switch l.Msg {
	case "payment moved":
		return l.Status == "manual_review"
	case "the result of a step could not be stored; it is found out again after the lease":
		return true
	}
	return false
}
