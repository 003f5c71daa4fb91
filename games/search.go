package games

import "context"

// Sort is an order of search results. Ties are broken by id, ascending.
type Sort string

// The orders. SortRelevance needs a text; without one it means SortPopularity.
const (
	SortRelevance  Sort = "relevance"
	SortPriceAsc   Sort = "price"
	SortPriceDesc  Sort = "-price"
	SortPopularity Sort = "popularity"
	SortNewest     Sort = "newest"
)

// SearchQuery asks the index for a page of games. The service validates it first.
type SearchQuery struct {
	// Text is matched against name, category and description, whole words, prefixes
	// and words with typos; empty matches every game.
	Text string
	// Category, if set, keeps only that one. Facets ignore it.
	Category string
	Sort     Sort
	// Limit is the page's size, from 1 to 100.
	Limit int
	// Cursor is the NextCursor of the page before; empty for the first.
	Cursor string
}

// SearchResult is a page of the index.
type SearchResult struct {
	// Games are as the index knows them, which may lag behind the catalogue.
	Games []Game
	// Facets counts all games that match the text, by category.
	Facets []Facet
	// NextCursor is empty on the last page.
	NextCursor string
}

// Facet is how many games of one category match.
type Facet struct {
	Category string
	Count    int64
}

// Search is the full-text index of the catalogue. It follows the service's events
// and never takes part in a transaction.
type Search interface {
	// Put adds or replaces games, durably. A game whose Revision is not above the
	// indexed one is skipped without error, so that late events do no harm; a Deleted
	// game leaves the results but keeps its revision.
	Put(ctx context.Context, games ...Game) error
	// Search returns a page. ErrInvalidCursor if the cursor is not one of its own
	// for the same query; an Unavailable error if the index cannot answer.
	Search(ctx context.Context, q SearchQuery) (SearchResult, error)
	// Count returns the number of games that can be found.
	Count(ctx context.Context) (int64, error)
	// Rebuild replaces the whole index with what each yields, while the old one
	// goes on answering. Puts that come meanwhile are not lost.
	Rebuild(ctx context.Context, each func(yield func(Game) error) error) error
}
