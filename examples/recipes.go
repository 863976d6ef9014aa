// Package examples holds the recipes of the training examples, so that other programs
// offer the same ones. The folders below are the examples themselves.
package examples

import "embed"

//go:embed */config.yaml */quick.yaml
var files embed.FS

// Recipes are the names of the recipes: those of the folders.
var Recipes = []string{"vgg16", "resnet50", "resnet50_tricks"}

// Recipe returns a recipe's configuration and its quick profile, for cli.Train and
// cli.Quick; ok tells whether there is one of that name.
func Recipe(name string) (config, quick []byte, ok bool) {
	config, err := files.ReadFile(name + "/config.yaml")
	if err != nil {
		return nil, nil, false
	}
	quick, err = files.ReadFile(name + "/quick.yaml")
	return config, quick, err == nil
}
