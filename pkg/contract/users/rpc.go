package users

// RPC is the queue of requests to the service. The property type of a request is one
// of the operations below; its body holds what is in the query over HTTP, and the
// answer's is the same as there. What has a password or a refresh token in it goes over
// HTTP alone.
const RPC = "gamestore.rpc.users"

// The operations of RPC.
const (
	OpProfile = "users.Profile" // Nothing → User
	OpHistory = "users.History" // PageRequest → HistoryPage
)

// Operations returns all operations of RPC.
func Operations() []string { return []string{OpProfile, OpHistory} }

// Nothing is the body of a request that says nothing: {}.
type Nothing struct{}

// PageRequest asks for a page of the person's own things.
type PageRequest struct {
	Limit  int    `json:"limit,omitempty"`
	Cursor string `json:"cursor,omitempty"`
}
