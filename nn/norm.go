package nn

import (
	"cmp"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// BatchNorm2D is torch.nn.BatchNorm2d over x [N, Channels, H, W], or [N, Channels] as
// torch.nn.BatchNorm1d: y = γ·(x - mean)/√(variance + Eps) + β a channel.
//
// In training mean and variance are the batch's, and the running ones move towards them:
// running = (1-Momentum)·running + Momentum·batch's, with the unbiased variance. In
// evaluation, and in layers that Options.KeepStatistics selects, they are the running ones.
type BatchNorm2D struct {
	Channels int
	Eps      float64 // added to the variance; 0 means 1e-5, as in PyTorch
	Momentum float64 // of the running statistics, at most 1; 0 means 0.1, as in PyTorch
	// Gamma is γ's initial value; nil means 1.
	Gamma Init
}

// PyTorch's defaults.
const (
	batchNormEps      = 1e-5
	batchNormMomentum = 0.1
)

// Forward adds the normalisation.
func (b *BatchNorm2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	if b.Channels < 1 {
		s.Errorf(b, ErrModule, "Channels %d, want a positive number", b.Channels)
		return nil
	}
	if !(b.Eps >= 0 && b.Eps <= math.MaxFloat32) || !(b.Momentum >= 0 && b.Momentum <= 1) {
		s.Errorf(b, ErrModule, "Eps %v, Momentum %v: want Eps ≥ 0 and 0 ≤ Momentum ≤ 1", b.Eps, b.Momentum)
		return nil
	}
	if len(x.Shape()) < 2 || x.Shape()[1] != b.Channels {
		s.Errorf(b, ErrShape, "input %v, want [N, %d, H, W]", []int(x.Shape()), b.Channels)
		return nil
	}
	gamma := s.Param(b, "weight", NormScale, orInit(b.Gamma, Constant(1)), b.Channels)
	beta := s.Param(b, "bias", NormShift, Constant(0), b.Channels)
	mean := s.Buffer(b, "running_mean", 0, b.Channels)
	variance := s.Buffer(b, "running_var", 1, b.Channels)
	s.Counter(b, "num_batches_tracked")
	if s.Err() != nil {
		return nil
	}
	stats := b.stats(s, x, mean, variance)
	if stats == nil {
		return nil
	}
	y := s.Try(op.BatchNormApply(s.Path(b), x, stats, gamma, beta, cmp.Or(b.Eps, batchNormEps), s.BatchStatistics(b)))
	s.Note(b, "BatchNorm2D", y, 0)
	return y
}

// stats returns the batch's statistics, or the running ones.
func (b *BatchNorm2D) stats(s *Scope, x, mean, variance *gorgonia.Node) *gorgonia.Node {
	path := s.Path(b)
	if !s.BatchStatistics(b) {
		return s.Try(op.BatchNormPack(path, mean, variance))
	}
	stats := s.Try(op.BatchNormStats(path, x))
	if stats == nil {
		return nil
	}
	momentum := cmp.Or(b.Momentum, batchNormMomentum)
	newMean := s.Try(op.RunningMean(path, mean, stats, momentum))
	newVariance := s.Try(op.RunningVar(path, variance, stats, momentum, x.Shape().TotalSize()/b.Channels))
	if s.Err() != nil {
		return nil
	}
	s.Assign(mean, newMean)
	s.Assign(variance, newVariance)
	return stats
}
