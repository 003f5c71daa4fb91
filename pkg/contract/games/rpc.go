package games

// RPC is the queue of requests to the service. The property type of a request is one
// of the operations below; its body holds what is in path, query and body over HTTP, and
// the answer's is the same as there. A queue's arguments cannot change, so its name has a
// version.
const RPC = "gamestore.rpc.games.v2"

// The operations of RPC.
const (
	OpSearchGames     = "games.SearchGames"     // SearchRequest → GamePage
	OpGetGame         = "games.GetGame"         // GameRequest → Game
	OpListCategories  = "games.ListCategories"  // Nothing → Categories
	OpCreateGame      = "games.CreateGame"      // GameDetails → Game
	OpUpdateGame      = "games.UpdateGame"      // UpdateGameRequest → Game
	OpDeleteGame      = "games.DeleteGame"      // GameRequest → no body
	OpPurchaseGame    = "games.PurchaseGame"    // PurchaseGameRequest → Purchase
	OpGetPurchase     = "games.GetPurchase"     // PurchaseIDRequest → Purchase
	OpAwaitPurchase   = "games.AwaitPurchase"   // AwaitPurchaseRequest → Purchase
	OpCancelPurchase  = "games.CancelPurchase"  // PurchaseIDRequest → Purchase
	OpRequestRefund   = "games.RequestRefund"   // PurchaseIDRequest → Purchase
	OpListPurchases   = "games.ListPurchases"   // PageRequest → PurchasePage
	OpLibrary         = "games.Library"         // PageRequest → LibraryPage
	OpRecommendations = "games.Recommendations" // RecommendationsRequest → Recommendations
)

// Operations returns all operations of RPC.
func Operations() []string {
	return []string{
		OpSearchGames, OpGetGame, OpListCategories, OpCreateGame, OpUpdateGame, OpDeleteGame, OpPurchaseGame, OpGetPurchase,
		OpAwaitPurchase, OpCancelPurchase, OpRequestRefund, OpListPurchases, OpLibrary, OpRecommendations,
	}
}

// Nothing is the body of a request that says nothing: {}.
type Nothing struct{}

// SearchRequest is what GET /api/games has in its query.
type SearchRequest struct {
	Text     string `json:"q,omitempty"`
	Category string `json:"category,omitempty"`
	Sort     string `json:"sort,omitempty"`
	Limit    int    `json:"limit,omitempty"`
	Cursor   string `json:"cursor,omitempty"`
}

// GameRequest names a game.
type GameRequest struct {
	GameID string `json:"gameId"`
}

// UpdateGameRequest names a game, and says what it becomes. The header if-match holds
// the version that is changed.
type UpdateGameRequest struct {
	GameID string `json:"gameId"`
	GameDetails
}

// PurchaseGameRequest names a game, and says what POST /api/games/{gameId}/purchase does.
type PurchaseGameRequest struct {
	GameID string `json:"gameId"`
	PurchaseRequest
}

// PurchaseIDRequest names a purchase.
type PurchaseIDRequest struct {
	PurchaseID string `json:"purchaseId"`
}

// AwaitPurchaseRequest waits for a purchase to leave a status.
type AwaitPurchaseRequest struct {
	PurchaseID string `json:"purchaseId"`
	// Status is what the caller knows. Without it there is no wait: any status is another.
	Status string `json:"status,omitempty"`
	// WaitMillis bounds the wait, in milliseconds; at most 30000.
	WaitMillis int64 `json:"waitMillis"`
}

// PageRequest asks for a page of the person's own things.
type PageRequest struct {
	Limit  int    `json:"limit,omitempty"`
	Cursor string `json:"cursor,omitempty"`
}

// RecommendationsRequest asks for suggestions.
type RecommendationsRequest struct {
	Limit int `json:"limit,omitempty"`
}

// Settled reports whether nobody is working on a purchase with the status any more.
func Settled(status string) bool { return status != "pending" && status != "refunding" }
