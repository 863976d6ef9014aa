package optim_test

import (
	"fmt"

	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

// The recipe of "Bag of tricks": momentum, and weight decay only on weights.
func Example() {
	sgd := optim.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-4, Groups: []optim.Group{optim.NoBiasDecay()}}
	fmt.Println(sgd.Validate())

	g, err := nn.Trace(models.ResNet50(models.ResNetConfig{Form: models.D, Classes: 37}), []int{1, 3, 64, 64}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	decay, noDecay := optim.WeightDecayParams(g.Params)
	fmt.Println(len(decay), "decay,", len(noDecay), "do not, such as", noDecay[0].Name)

	sgd.LR = -0.1
	fmt.Println(sgd.Validate())

	adamw := optim.DefaultAdamW(1e-4) // PyTorch's betas, eps and weight decay
	adamw.WeightDecay = 0.05
	fmt.Println(adamw.Betas, adamw.Eps, adamw.Validate())
	// Output:
	// <nil>
	// 56 decay, 111 do not, such as conv1.1.weight
	// optim: SGD.LR = -0.1: bad optimizer: want a number greater than 0
	// [0.9 0.999] 1e-08 <nil>
}
