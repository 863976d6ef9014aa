// Command euryale trains image classifiers and uses them: the examples in one program.
//
//	go install github.com/euryale-ml/euryale/cmd/euryale@latest
//	euryale train vgg16
package main

import (
	"github.com/euryale-ml/euryale/cli"
	"github.com/euryale-ml/euryale/examples"
)

func main() {
	var recipes []cli.Recipe
	for _, name := range examples.Recipes {
		if config, quick, ok := examples.Recipe(name); ok {
			recipes = append(recipes, cli.Recipe{Name: name, Config: config, Quick: quick})
		}
	}
	cli.Main(cli.Commands(recipes...))
}
