package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// BatchNorm2D is torch.nn.BatchNorm2d over x [N, Channels, H, W] (or [N, Channels]):
// in training by the batch's statistics, which also move the running ones by 0.1,
// in evaluation, and where Options.KeepStatistics names it, by the running statistics.
// ε is 1e-5.
type BatchNorm2D struct {
	Channels int
	// Gamma is the scale's value when new; nil means 1.
	Gamma Init
}

const (
	batchNormEps      = 1e-5
	batchNormMomentum = 0.1
)

// Forward normalises.
func (b *BatchNorm2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	if b.Channels < 1 {
		s.Errorf(b, ErrModule, "Channels %d, want a positive number", b.Channels)
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
	y := s.Try(op.BatchNormApply(s.Path(b), x, stats, gamma, beta, batchNormEps, s.BatchStatistics(b)))
	s.Note(b, "BatchNorm2D", y, 0)
	return y
}

// stats are the batch's statistics, or the running ones.
func (b *BatchNorm2D) stats(s *Scope, x, mean, variance *gorgonia.Node) *gorgonia.Node {
	path := s.Path(b)
	if !s.BatchStatistics(b) {
		return s.Try(op.BatchNormPack(path, mean, variance))
	}
	stats := s.Try(op.BatchNormStats(path, x))
	if stats == nil {
		return nil
	}
	newMean := s.Try(op.RunningMean(path, mean, stats, batchNormMomentum))
	newVariance := s.Try(op.RunningVar(path, variance, stats, batchNormMomentum, x.Shape().TotalSize()/b.Channels))
	if s.Err() != nil {
		return nil
	}
	s.Assign(mean, newMean)
	s.Assign(variance, newVariance)
	return stats
}
