// Package purchase tells what became of a purchase and where it waits, from what the
// databases say about it. All of it is pure: the same snapshot, the same words.
package purchase
