package trainer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/sysmem"
)

// MemoryUse is the memory that a run needs at its peak, in bytes. It is an estimate: decoding
// takes more or less, depending on the images.
type MemoryUse struct {
	Model      int64 // parameters, statistics, the optimizer's values, kept gradients
	Work       int64 // activations, gradients and inputs of the largest batches
	Batches    int64 // batches that are loaded or bound ahead, in training and in evaluation
	Checkpoint int64 // the copy from which a checkpoint is written
	Base       int64 // the program itself and the images that are being decoded
}

// Total is the sum.
func (u MemoryUse) Total() int64 { return u.Model + u.Work + u.Batches + u.Checkpoint + u.Base }

// heap is the part in Go's heap.
func (u MemoryUse) heap() int64 { return u.Batches + u.Checkpoint + u.Base }

const (
	baseBytes    = 80 << 20 // measured in a small run
	decodeBytes  = 12 << 20 // per worker, for photographs of 3 megapixels
	batchesAhead = 3        // batches for which a dataset.Loader has memory
)

// MemoryUse is the memory that the run needs at its peak.
func (t *Trainer) MemoryUse() MemoryUse { return t.memory }

// measureMemory computes the memory that the run needs with training batches and test
// batches of given sizes, without allocating it; only the optimizer's slots are allocated.
func (t *Trainer) measureMemory(batch, testBatch int) (MemoryUse, error) {
	var work engine.Memory
	add := func(m engine.Memory, err error) error {
		work.Arena, work.Scratch, work.Own = max(work.Arena, m.Arena), max(work.Scratch, m.Scratch), work.Own+m.Own
		return err
	}
	bound := int64(0) // images of batches that are bound while others are in training
	for _, of := range t.trainingParts(batch) {
		bound += int64(of.batch)
		if err := add(t.session.planTraining(of)); err != nil {
			return MemoryUse{}, err
		}
	}
	sizes := t.evaluationSizes(testBatch)
	largest := slices.Max(sizes)
	for _, size := range sizes {
		if err := add(t.session.planEvaluation(size)); err != nil {
			return MemoryUse{}, err
		}
	}
	rest, err := t.session.planUpdates()
	for _, m := range rest {
		err = errors.Join(err, add(m, nil))
	}
	if err != nil {
		return MemoryUse{}, err
	}
	slots, element := t.session.state.Bytes(), t.elementBytes()
	saved := slots
	if t.session.deferred() { // kept gradients are not saved
		saved -= t.session.gradientElements() * element
	}
	image := int64(3 * t.config.Crop * t.config.Crop)
	return MemoryUse{
		Model: slots, Work: work.Arena + work.Scratch + work.Own, Checkpoint: saved,
		Batches: 4*image*batchesAhead*int64(batch+largest) + element*image*(int64(largest)+bound),
		Base:    baseBytes + decodeBytes*int64(t.train.Workers()),
	}, nil
}

// elementBytes is the size of a parameter's value, and of an image's on its way to the device.
func (t *Trainer) elementBytes() int64 {
	if t.config.Precision == device.Float64 {
		return 8
	}
	return 4
}

// planTraining is the memory that the program of a training batch needs.
func (s *Session) planTraining(of part) (engine.Memory, error) {
	_, spec, err := s.trainingSpec(of)
	if err != nil {
		return engine.Memory{}, err
	}
	return engine.PlanMemory(s.config.Device, s.state, spec)
}

// planEvaluation is the memory that the program of an evaluation needs.
func (s *Session) planEvaluation(size int) (engine.Memory, error) {
	_, spec, err := s.evaluationSpec(size)
	if err != nil {
		return engine.Memory{}, err
	}
	return engine.PlanMemory(s.config.Device, s.state, spec)
}

// planUpdates is the memory that each program after the batches of a step needs.
func (s *Session) planUpdates() (memory []engine.Memory, err error) {
	var specs []engine.Spec
	if s.deferred() {
		if _, specs, err = s.updateSpecs(); err != nil {
			return nil, err
		}
	}
	if s.config.EMA > 0 {
		_, spec, err := s.averageSpec()
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	for _, spec := range specs {
		m, err := engine.PlanMemory(s.config.Device, s.state, spec)
		if err != nil {
			return nil, err
		}
		memory = append(memory, m)
	}
	return memory, nil
}

// gradientElements is the number of elements of the gradients that are kept until the update.
func (s *Session) gradientElements() (total int64) {
	for _, name := range s.state.Names() {
		if strings.HasPrefix(name, gradientSlots) {
			shape, _ := s.state.Shape(name)
			total += int64(tensor.Shape(shape).TotalSize())
		}
	}
	return total
}

// planMemory compares the memory that the run needs with the memory that is free, before the
// first step. A run that certainly does not fit is an error. The cache of decoded images is
// limited to the rest.
func (t *Trainer) planMemory() (err error) {
	if t.memory, err = t.measureMemory(t.config.Batch, t.config.TestBatch); err != nil {
		return err
	}
	u := t.memory
	room := int64(math.MaxInt64)
	for _, b := range sysmem.Bounds() {
		there := b.Room(u.Model)
		room = min(room, there-u.Total())
		if u.Total() <= there {
			continue
		}
		e := t.doesNotFit(b, there)
		if b.Hard {
			return e
		}
		t.logWarn(e.Error())
	}
	const reserved = 4 // a quarter of the rest stays free for uses that were not counted
	t.limitCache(max(0, room-room/reserved))
	var short *sysmem.Shortage
	if err := sysmem.Reserve(u.Work, u.heap()); errors.As(err, &short) {
		return t.doesNotFit(short.Bound, u.Total()-(short.Need-short.Free))
	}
	return nil
}

// checkModel is an error if a model's fresh weights do not fit into memory: the parameters on
// the device, and the largest one in Go's heap, where it is drawn.
func (t *Trainer) checkModel() error {
	element, largest := t.elementBytes(), 0
	for _, p := range t.graph.Params {
		largest = max(largest, tensor.Shape(p.Shape).TotalSize())
	}
	weights, drawn := element*int64(t.Parameters()), (4+element)*int64(largest)
	hard := sysmem.Tightest(sysmem.Bounds(), func(b sysmem.Bound) bool { return b.Hard && !b.Address })
	err := sysmem.Reserve(weights, drawn)
	if there := hard.Room(0); err == nil && weights+drawn+baseBytes/2 > there {
		err = &sysmem.Shortage{Need: weights + drawn + baseBytes/2, Free: there, Bound: hard}
	}
	if err != nil {
		return fmt.Errorf("trainer: %w for the model's %d parameters: %w; a smaller model needs less", ErrMemory, t.Parameters(), err)
	}
	return nil
}

// limitCache divides bytes for decoded images among the loaders.
func (t *Trainer) limitCache(bytes int64) {
	loaders := 2
	if t.final != nil {
		loaders++
	}
	each := min(t.config.CacheBytes, bytes/int64(loaders))
	t.train.LimitCache(each)
	t.test.LimitCache(each)
	if t.final != nil {
		t.final.LimitCache(each)
	}
}

// RoomForMemory is the memory in bytes that the run may use by the tightest bound;
// math.MaxInt64 if no bound is known.
func (t *Trainer) RoomForMemory() int64 {
	least := int64(math.MaxInt64)
	for _, b := range sysmem.Bounds() {
		least = min(least, b.Room(t.memory.Model))
	}
	return least
}
