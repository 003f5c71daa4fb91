// Package control lets the operator's commands reach a store that runs: over a Unix
// socket in its data folder, which only those can open who own the folder.
//
// The embedded bus delivers from memory, so a dead letter that goes back into its
// queue has to go through the process; a change of the file alone would be seen
// at the next start. Looking needs no socket: the file is enough.
package control
