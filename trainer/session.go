package trainer

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

// SessionConfig is the device, the optimizer and the settings of a Session.
type SessionConfig struct {
	Device    device.Device   // closed by its owner, after the Session
	Optimizer optim.Optimizer // nil: the Session only evaluates
	Input     [3]int          // channels, height, width of an image
	// Smoothing is ε of label smoothing in the training loss.
	Smoothing float64
	// Loss is the training loss; nil: cross-entropy. Its targets are probabilities, as with
	// Soft.
	Loss nn.LossFunc
	// Soft makes the targets of training probabilities [N, classes], which mixup needs;
	// Labels then count as probabilities of 1.
	Soft bool
	// Seed of the fresh weights and of dropout.
	Seed uint64
	// Precision is Float32, which is the default, BFloat16 or Float64: see Precisions.
	Precision device.DType
	// ClipNorm is the largest 2-norm of the gradient over all parameters, before weight decay;
	// 0: no limit.
	ClipNorm float64
	// Accumulate is for steps of several batches: Session.Accumulate for each, then Apply.
	Accumulate bool
	// Reduce, optional, is called once a step, when all contributions to the gradients are
	// summed and before the gradients are clipped and used. It may change them, for example
	// sum them over several machines. gradients are the names of their slots in st, in the
	// order of the parameters. After an error they are dropped.
	Reduce func(st *engine.State, gradients []string) error
	// EMA is the decay of a moving average of the weights and running statistics, which
	// Evaluate and Tensors then use; 0: no average.
	EMA float64
	// Frozen chooses parameters that are not trained; nil: none.
	Frozen func(p *nn.Param) bool
	// KeepStatistics chooses the BatchNorms, by their paths, that normalise by their running
	// statistics in training and do not change them; nil: none.
	KeepStatistics func(path string) bool
}

// Result is the outcome of a step or an evaluation. Its slices are reused by the next one.
type Result struct {
	Loss      float64   // mean cross-entropy over the batch
	Predicted []int64   // [N], the class of the greatest logit
	Logits    []float64 // [N, classes]; of an evaluation, else nil
	Norm      float64   // 2-norm of the gradient before clipping; 0 without ClipNorm
}

// Session is a model on a device that trains and evaluates batch by batch: the model's
// values and the optimizer's in an engine.State, and a compiled program for each size of
// batch. A Trainer has one; a custom training loop makes its own. It is not safe for
// concurrent use.
type Session struct {
	model    nn.Module
	config   SessionConfig
	state    *engine.State
	params   []*nn.Param
	buffers  []*nn.Buffer
	counters map[string]int64
	names    []string         // of counters, in order
	since    map[string]int64 // steps done before a parameter was first trained; without an entry 0
	classes  int
	trained  int64 // steps so far
	train    map[part]*program
	eval     map[int]*program
	parts    int           // batches in the gradient slots
	bound    *program      // has the next batch; nil: none is bound
	running  *program      // between Start and Wait; nil otherwise
	rate     float64       // learning rate of the running step
	took     time.Duration // the device's time for the last batch

	deferredUpdates *updates
	averages        *program
	cam             *camProgram
}

// NewSession makes a Session with the model's fresh weights and running statistics. Errors of
// the settings wrap ErrConfig. Close it after use.
func NewSession(m nn.Module, c SessionConfig) (*Session, error) {
	if err := checkPrecision("SessionConfig.Precision", c.Precision); err != nil {
		return nil, err
	}
	if c.Device == nil {
		return nil, fmt.Errorf("trainer: %w: a Session needs a Device", ErrConfig)
	}
	if c.Optimizer != nil {
		if err := c.Optimizer.Validate(); err != nil {
			return nil, err
		}
	}
	if !(c.ClipNorm >= 0) || math.IsInf(c.ClipNorm, 0) {
		return nil, fmt.Errorf("trainer: %w: ClipNorm %v, want a number of at least 0", ErrConfig, c.ClipNorm)
	}
	if !(c.Smoothing >= 0 && c.Smoothing < 1) {
		return nil, fmt.Errorf("trainer: %w: label smoothing %v, want 0 ≤ ε < 1", ErrConfig, c.Smoothing)
	}
	if c.Loss != nil {
		if c.Smoothing > 0 {
			return nil, fmt.Errorf("trainer: %w: label smoothing %v is a setting of cross-entropy, which Loss replaces", ErrConfig, c.Smoothing)
		}
		c.Soft = true
	}
	g, err := nn.Trace(m, append([]int{1}, c.Input[:]...), nn.Options{DType: nodeType(c.Precision)})
	if err != nil {
		return nil, err
	}
	out := g.Output.Shape()
	if len(out) != 2 || out[0] != 1 {
		return nil, fmt.Errorf("trainer: %w: the model's output is %v for one image, want [1, classes]", ErrConfig, []int(out))
	}
	s := &Session{
		model: m, config: c, state: engine.NewState(c.Device), params: g.Params, buffers: g.Buffers,
		counters: map[string]int64{}, names: g.Counters, classes: out[1], train: map[part]*program{}, eval: map[int]*program{},
	}
	for _, name := range g.Counters {
		s.counters[name] = 0
	}
	if err := errors.Join(s.fill(), s.addAverages()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// fork is a Session like s with a copy of its weights and running statistics, for trials. It
// has no averages, and its optimizer starts from fresh slots. The two share the device's
// working memory, so only one may run at a time. Close it after use.
func (s *Session) fork() (*Session, error) {
	st, err := s.state.Clone(s.values()...)
	if err != nil {
		return nil, err
	}
	c := s.config
	c.EMA = 0
	return &Session{
		model: s.model, config: c, state: st, params: s.params, buffers: s.buffers, counters: maps.Clone(s.counters), names: s.names,
		classes: s.classes, train: map[part]*program{}, eval: map[int]*program{},
	}, nil
}

// fill adds the parameters and buffers to the State.
func (s *Session) fill() error {
	for _, p := range s.params {
		w, err := p.Fresh(s.config.Seed)
		if err != nil {
			return err
		}
		if err := s.state.Add(p.Name, p.Shape, s.deviceType(), s.typed(w)); err != nil {
			return err
		}
	}
	for _, b := range s.buffers {
		fill := make([]float32, tensor.Shape(b.Shape).TotalSize())
		for i := range fill {
			fill[i] = float32(b.Fill)
		}
		if err := s.state.Add(b.Name, b.Shape, s.deviceType(), s.typed(fill)); err != nil {
			return err
		}
	}
	return nil
}

// dtype is the type of the graphs' nodes.
func (s *Session) dtype() tensor.Dtype { return nodeType(s.config.Precision) }

// deviceType is the type of the slots.
func (s *Session) deviceType() device.DType {
	if s.dtype() == tensor.Float64 {
		return device.Float64
	}
	return device.Float32
}

// typed returns host values in the type of the graphs: v itself if that is float32.
func (s *Session) typed(v []float32) any {
	if s.dtype() == tensor.Float32 {
		return v
	}
	wide := make([]float64, len(v))
	for i, e := range v {
		wide[i] = float64(e)
	}
	return wide
}

// Classes is the number of the model's outputs.
func (s *Session) Classes() int { return s.classes }

// Optimizer makes the updates; nil if the Session only evaluates.
func (s *Session) Optimizer() optim.Optimizer { return s.config.Optimizer }

// State holds the parameters and buffers under their names, and the optimizer's
// slots as "optim/SLOT/PARAMETER".
func (s *Session) State() *engine.State { return s.state }

// Params are the model's parameters in the order of their declaration.
func (s *Session) Params() []*nn.Param { return s.params }

// Buffers are the model's running statistics in the order of their declaration.
func (s *Session) Buffers() []*nn.Buffer { return s.buffers }

// Counters are the model's counts of training batches by name, PyTorch's
// num_batches_tracked.
func (s *Session) Counters() map[string]int64 { return s.counters }

// CounterNames are the names of Counters in the order of their declaration.
func (s *Session) CounterNames() []string { return s.names }

// Count is the number of training steps so far. Dropout's random numbers depend on it.
func (s *Session) Count() int64 { return s.trained }

// SetCount sets the number of training steps when a run is resumed.
func (s *Session) SetCount(n int64) { s.trained = n }

// Compile compiles all programs that training steps on batches of a size need. Train does so
// on first use; calling Compile before the loop reports errors early, such as too little
// memory on the device, engine.ErrMemory.
func (s *Session) Compile(batch int) error {
	parts := []part{{batch: batch}}
	if s.config.Accumulate {
		parts = append(parts, part{batch: batch, add: true})
	}
	return s.compileAll(parts, nil)
}

// CompileEvaluation is Compile for evaluations of batches of a size.
func (s *Session) CompileEvaluation(batch int) error {
	_, err := s.evaluation(batch)
	return err
}

// Explain lists the kernels of a training step on batches of a size, in order.
func (s *Session) Explain(batch int) (string, error) {
	p, err := s.training(part{batch: batch})
	if err != nil {
		return "", err
	}
	text := p.Explain()
	if s.deferred() {
		u, err := s.updating()
		if err != nil {
			return "", err
		}
		if u.norm != nil {
			text += u.norm.Explain()
		}
		text += u.apply.Explain()
	}
	return text, nil
}

// Profile starts or stops timing the kernels of the training program of a batch size, if it
// has been compiled.
func (s *Session) Profile(batch int, on bool) {
	if p := s.train[part{batch: batch}]; p != nil {
		p.Profile(on)
	}
}

// ProfileReport lists the time of each kind of kernel since Profile; "" if there is none.
func (s *Session) ProfileReport(batch int) string {
	if p := s.train[part{batch: batch}]; p != nil {
		return p.ProfileReport()
	}
	return ""
}

// Evaluate classifies images [N, C, H, W] in evaluation mode, with the program for
// max(size, N) images: the batch is padded with zeros, whose results are dropped. So batches
// of up to size images share one program. labels may be nil; then the loss is 0. The loss is
// cross-entropy without label smoothing.
func (s *Session) Evaluate(images []float32, labels []int64, size int) (Result, error) {
	n := len(images) / (s.config.Input[0] * s.config.Input[1] * s.config.Input[2])
	checked := labels
	if labels == nil {
		checked = make([]int64, n)
	}
	if err := s.check(images, checked); err != nil {
		return Result{}, err
	}
	p, err := s.evaluation(max(size, n))
	if err != nil {
		return Result{}, err
	}
	if err := p.bindImages(images); err != nil {
		return Result{}, err
	}
	if err := p.Run(); err != nil {
		return Result{}, err
	}
	if err := p.readLogits(n, s.classes); err != nil {
		return Result{}, err
	}
	r := Result{Predicted: p.classOf[:n], Logits: p.logits[:n*s.classes]}
	for i := range n {
		row := r.Logits[i*s.classes : (i+1)*s.classes]
		best := 0
		for k, v := range row {
			if v > row[best] || math.IsNaN(row[best]) {
				best = k
			}
		}
		r.Predicted[i] = int64(best)
		if labels != nil {
			r.Loss += crossEntropy(row, int(labels[i])) / float64(n)
		}
	}
	return r, nil
}

// crossEntropy is -log softmax(logits)[label].
func crossEntropy(logits []float64, label int) float64 {
	top := slices.Max(logits)
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(v - top)
	}
	return math.Log(sum) + top - logits[label]
}

// Close frees the programs and the State; the device stays open.
func (s *Session) Close() error { return errors.Join(s.closePrograms(), s.state.Close()) }

// stepInput is an input for the number of the step, for parameters that are trained since the
// step after since.
type stepInput struct {
	node  *gorgonia.Node
	since int64
}

// rate is an input for the learning rate times scale, for a group of parameters.
type rate struct {
	node  *gorgonia.Node
	scale float64
}
