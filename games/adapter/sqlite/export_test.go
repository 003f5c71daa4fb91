package sqlite

// Queries are those whose cost must not grow with the tables, by name.
func Queries() map[string]string {
	return map[string]string{
		"game": selectGame, "games": selectGames, "games after": gamesAfter, "popular": popularOfAll, "popular in a category": popularIn,
		"facets": selectFacets, "purchase": selectPurchase, "active": selectActive, "due": selectDue, "forget": forget,
		"purchases": listPurchases, "library": listLibrary, "tastes": listTastes,
		"key": selectKey, "forget keys": forgetKeys, "is forgotten": isForgotten, "prune keys": pruneKeys,
		"oldest pending": oldestPending, "update purchase": updatePurchase, "update game": updateGame, "count game": countGame,
	}
}
