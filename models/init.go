package models

import (
	"github.com/euryale-ml/euryale/nn"
)

// initSide is the side of the square input on which a model is traced where only its
// parameters matter; they do not depend on it.
const initSide = 64

// InitWeights returns initial values of the parameters and buffers of a model of RGB
// images, by name, in canonical layout (OIHW). Each parameter's values are a function of
// the seed and its name alone. For the models of this package:
//
//   - convolutions: He normal over the fan-out, N(0, 2/(Out·KH·KW)); biases 0
//   - batch normalisation: γ 1, or 0 with ZeroGamma in a block's last one; β 0
//   - VGG's linear layers: N(0, 0.01²), biases 0
//   - ResNet's linear layer: weight and bias U(±1/√In), PyTorch's default
//
// trainer.NewSession draws the same values.
func InitWeights(m nn.Module, seed uint64) (map[string][]float32, error) {
	g, err := nn.Trace(m, []int{1, 3, initSide, initSide}, nn.Options{})
	if err != nil {
		return nil, err
	}
	weights := make(map[string][]float32, len(g.Params)+len(g.Buffers))
	for _, p := range g.Params {
		if weights[p.Name], err = p.Fresh(seed); err != nil {
			return nil, err
		}
	}
	for _, b := range g.Buffers {
		fill := make([]float32, b.Node.Shape().TotalSize())
		for i := range fill {
			fill[i] = float32(b.Fill)
		}
		weights[b.Name] = fill
	}
	return weights, nil
}
