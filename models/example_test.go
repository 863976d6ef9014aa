package models_test

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/models"
)

// A model by name, as in configuration files, and its summary.
func Example() {
	net, err := models.New("resnet50d", models.Config{Classes: 37, ZeroGamma: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	summary, err := models.Summarize(net, [3]int{3, 224, 224})
	if err != nil {
		fmt.Println(err)
		return
	}
	table := strings.Split(summary.String(), "\n")
	for _, i := range []int{0, 2, 4, 5, len(table) - 8, len(table) - 6, len(table) - 2} {
		fmt.Println(table[i])
	}
	_, err = models.Summarize(models.VGG16(models.VGGConfig{Classes: 37}), [3]int{3, 16, 16})
	fmt.Println(err)
	// Output:
	// resnet50d, input 3×224×224
	// Layer (type)                         Output Shape          Param #    Mult-Adds
	// conv1.0 (Conv2D)                     [-1, 32, 112, 112]        864   10,838,016
	// conv1.1 (BatchNorm2D)                [-1, 32, 112, 112]         64            0
	// Total params: 23,603,077
	// Total mult-adds: 4,326,852,608
	// Params size (MB): 90.04
	// op: maxpool at features.30: input [1 512 1 1], kernel [2 2]: kernel 2×2 does not fit into 1×1 with padding 0×0
}
