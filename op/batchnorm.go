package op

import (
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// Batch normalisation (Ioffe and Szegedy 2015) consists of operators with one result
// each. In training: stats = BatchNormStats(x), y = BatchNormApply(x, stats, γ, β),
// and RunningMean and RunningVar give the new running statistics, which the caller
// assigns. In evaluation: stats = BatchNormPack(running mean, running variance),
// then BatchNormApply.

// BatchNormStats gives stats [2, C], the mean and the biased variance of each
// channel of x [N, C, H, W] or [N, C] over the batch. BatchNormApply's gradient includes
// its gradient.
func BatchNormStats(path string, x *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.BatchNormStats, path)
	c.floats("input", x, 2, 3, 4)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.BatchNormStats, path: path,
		out: typeOf(x, 2), shape: tensor.Shape{2, x.Shape()[1]},
	}, x)
}

// BatchNormPack joins mean [C] and variance [C] into stats [2, C]. It has no gradient.
func BatchNormPack(path string, mean, variance *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.BatchNormPack, path)
	c.floats("mean", mean, 1)
	c.floats("variance", variance, 1)
	c.same("mean", mean, "variance", variance)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.BatchNormPack, path: path,
		out: typeOf(mean, 2), shape: tensor.Shape{2, mean.Shape()[0]},
	}, mean, variance)
}

// BatchNormApply is y = (x-mean)·γ/√(variance+eps) + β for x [N, C, H, W] or
// [N, C], stats [2, C], gamma and beta [C]. PyTorch's eps is 1e-5.
//
// With training, stats must be BatchNormStats(x), and the gradient of x includes the path
// through it; otherwise stats is a constant. In both cases stats itself has no gradient.
func BatchNormApply(path string, x, stats, gamma, beta *gorgonia.Node, eps float64, training bool) (*gorgonia.Node, error) {
	c := newCheck(device.BatchNormApply, path)
	c.floats("input", x, 2, 3, 4)
	if c.err == nil {
		channels := x.Shape()[1]
		c.sized("stats", stats, "input", x, 2, channels)
		c.sized("gamma", gamma, "input", x, channels)
		c.sized("beta", beta, "input", x, channels)
	}
	if !(eps >= 0) || math.IsInf(eps, 1) {
		c.errorf(ErrAttribute, "eps is %v, want a number ≥ 0", eps)
	}
	if c.err != nil {
		return nil, c.err
	}
	attr := device.BatchNormAttr{Eps: eps}
	return apply(&operator{
		kind: device.BatchNormApply, attr: attr, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		differentiable: []bool{true, false, true, true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			return batchNormGrad(path, attr, training, in, dy)
		},
	}, x, stats, gamma, beta)
}

// batchNormGrad returns the gradients of x, (stats), γ and β. The two cases share
// the sums Σdy and Σdy·x̂, which are the gradients of β and γ.
func batchNormGrad(path string, attr device.BatchNormAttr, training bool, in gorgonia.Nodes, dy *gorgonia.Node) (gorgonia.Nodes, error) {
	x, stats, gamma := in[0], in[1], in[2]
	gs, err := apply(&operator{
		kind: device.BatchNormGradStats, attr: attr, path: path,
		out: stats.Type(), shape: stats.Shape().Clone(),
	}, x, dy, stats)
	if err != nil {
		return nil, err
	}
	var dx *gorgonia.Node
	if training {
		dx, err = apply(&operator{
			kind: device.BatchNormGradInput, attr: attr, path: path,
			out: x.Type(), shape: x.Shape().Clone(),
		}, x, dy, gamma, stats, gs)
	} else {
		dx, err = apply(&operator{
			kind: device.BatchNormEvalGradInput, attr: attr, path: path,
			out: x.Type(), shape: x.Shape().Clone(),
		}, dy, gamma, stats)
	}
	if err != nil {
		return nil, err
	}
	dbeta, err := row(path, gs, 0)
	if err != nil {
		return nil, err
	}
	dgamma, err := row(path, gs, 1)
	return gorgonia.Nodes{dx, nil, dgamma, dbeta}, err
}

// row returns row r [C] of x [R, C].
func row(path string, x *gorgonia.Node, r int) (*gorgonia.Node, error) {
	return apply(&operator{
		kind: device.Row, attr: device.RowAttr{Row: r}, path: path,
		out: typeOf(x, 1), shape: tensor.Shape{x.Shape()[1]},
	}, x)
}

// RunningMean is (1-momentum)·running + momentum·mean for running [C] and
// stats [2, C]. PyTorch's momentum is 0.1.
func RunningMean(path string, running, stats *gorgonia.Node, momentum float64) (*gorgonia.Node, error) {
	return runningStat(path, running, stats, device.RunningStatAttr{Row: 0, Momentum: momentum, Scale: 1})
}

// RunningVar is (1-momentum)·running + momentum·variance·count/(count-1): the
// running variance is unbiased, as in PyTorch. count is the number N·H·W of
// elements of each channel, at least 2.
func RunningVar(path string, running, stats *gorgonia.Node, momentum float64, count int) (*gorgonia.Node, error) {
	if count < 2 {
		return nil, errorf(device.RunningStat, path, ErrShape,
			"%d value per channel has no variance: batch normalisation trains on at least 2", count)
	}
	unbiased := float64(count) / float64(count-1)
	return runningStat(path, running, stats, device.RunningStatAttr{Row: 1, Momentum: momentum, Scale: unbiased})
}

func runningStat(path string, running, stats *gorgonia.Node, attr device.RunningStatAttr) (*gorgonia.Node, error) {
	c := newCheck(device.RunningStat, path)
	c.floats("running statistic", running, 1)
	if c.err == nil {
		c.sized("stats", stats, "running statistic", running, 2, running.Shape()[0])
	}
	if !(attr.Momentum >= 0 && attr.Momentum <= 1) {
		c.errorf(ErrAttribute, "momentum is %v, want 0 to 1", attr.Momentum)
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.RunningStat, attr: attr, path: path,
		out: running.Type(), shape: running.Shape().Clone(),
	}, running, stats)
}
