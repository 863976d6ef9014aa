// Command resnet50_tricks trains ResNet-50-D on the Oxford-IIIT Pet set with the tricks of
// "Bag of Tricks for Image Classification" (He et al., CVPR 2019).
// Without the set it learns drawn animals and prints how to get the pets.
//
//	go run ./examples/resnet50_tricks -h
package main

import (
	_ "embed"

	"github.com/euryale-ml/euryale/cli"
)

//go:embed config.yaml
var recipe []byte

//go:embed quick.yaml
var quick []byte

func main() { cli.Train(recipe, cli.Quick(quick)) }
