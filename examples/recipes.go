// Package examples holds the recipes of the training examples and of the study, for use in
// other programs. The subfolders are the examples themselves; study holds the other recipes,
// one file each.
package examples

import (
	"embed"
	"slices"
	"strings"
)

//go:embed */config.yaml */quick.yaml study/*.yaml
var files embed.FS

// Recipes are the names of all recipes: those of the example folders, then those of the
// study's files.
var Recipes = []string{
	"vgg16", "resnet50", "resnet50_tricks",
	"vgg16_bn", "resnet50b", "resnet50c", "resnet50d",
	"resnet50d-label_smoothing", "resnet50d-linear_scaling", "resnet50d-warmup", "resnet50d-cosine",
	"resnet50d-no_bias_decay", "resnet50d-zero_gamma",
	"resnet50d-tricks-transforms_none", "resnet50d-tricks-transforms_crop_flip", "resnet50d-tricks-transforms_hue_shift",
}

// Recipe returns a recipe's configuration and its quick profile, for cli.Train and
// cli.Quick; ok reports whether the recipe exists.
func Recipe(name string) (config, quick []byte, ok bool) {
	if !slices.Contains(Recipes, name) {
		return nil, nil, false
	}
	if config, err := files.ReadFile(name + "/config.yaml"); err == nil {
		quick, err = files.ReadFile(name + "/quick.yaml")
		return config, quick, err == nil
	}
	config, err := files.ReadFile("study/" + name + ".yaml")
	if err != nil {
		return nil, nil, false
	}
	quick, err = files.ReadFile(quickOf(name))
	return config, quick, err == nil
}

// quickOf is the quick profile of a recipe of the study.
func quickOf(name string) string {
	switch { // so that a recipe differs from its base in the same keys there too
	case name == "vgg16_bn":
		return "vgg16/quick.yaml"
	case strings.HasPrefix(name, "resnet50d-tricks"):
		return "resnet50_tricks/quick.yaml"
	}
	return "study/quick.yaml"
}
