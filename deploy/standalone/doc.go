// Package standalone is the whole store in one process: users, games, payments and
// the gateway, on SQLite files and a bleve index under one folder, with the embedded
// bus between them. Nothing else needs to be installed or running.
package standalone
