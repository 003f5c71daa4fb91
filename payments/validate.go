package payments

import (
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/money"
)

// Limits of what comes in, in bytes.
const (
	MaxIDLength     = 64
	MaxMethodLength = 255
	maxMessageID    = 255
)

// ValidID reports whether s can be the id of something here: 1 to 64 letters,
// digits, hyphens and underscores.
func ValidID(s string) bool {
	if s == "" || len(s) > MaxIDLength {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func (cmd AcceptPurchase) validate() error {
	bad := messageFields(cmd.MessageID, cmd.PurchaseID)
	if !ValidID(cmd.UserID) {
		bad = append(bad, errs.Field{Name: "userId", Message: "must be an id"})
	}
	if _, err := money.New(cmd.Amount.Amount, cmd.Amount.Currency); err != nil {
		bad = append(bad, errs.Field{Name: "price", Message: err.Error()})
	}
	if len(cmd.Method) > MaxMethodLength {
		bad = append(bad, errs.Field{Name: "paymentMethod", Message: "is longer than 255 bytes"})
	}
	return errs.InvalidFields(bad...)
}

func validMessage(messageID, purchaseID string) error {
	return errs.InvalidFields(messageFields(messageID, purchaseID)...)
}

func messageFields(messageID, purchaseID string) []errs.Field {
	var bad []errs.Field
	if messageID == "" || len(messageID) > maxMessageID {
		bad = append(bad, errs.Field{Name: "id", Message: "must be a message id"})
	}
	if !ValidID(purchaseID) {
		bad = append(bad, errs.Field{Name: "purchaseId", Message: "must be an id"})
	}
	return bad
}
