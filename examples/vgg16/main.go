// Command vgg16 trains VGG-16 on the Oxford-IIIT Pet set.
// Without the set it learns drawn animals and prints how to get the pets.
//
//	go run ./examples/vgg16 -h
//
// To read the code from here down to a kernel, begin with the model in models/vgg.go; each file
// names the next one.
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
