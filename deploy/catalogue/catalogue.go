// Package catalogue is the example catalogue that a fresh store begins with. The
// games are invented.
package catalogue

import (
	"bytes"
	_ "embed"
	"slices"

	"gamestore.example/games"
	"gamestore.example/games/app"
)

//go:embed games.json
var document []byte

// Document returns the catalogue as the file that -games.seed reads.
func Document() []byte { return slices.Clone(document) }

// Games returns the catalogue. The ids are readable and never change.
func Games() ([]games.Game, error) { return app.ReadCatalogue(bytes.NewReader(document)) }
