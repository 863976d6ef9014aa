package live

import (
	"encoding/json"
	runtimemetrics "runtime/metrics"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// point is a value of the curves in state.json.
type point run.Point

// MarshalJSON writes null for values that are not finite.
func (p point) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Epoch            int        `json:"epoch"`
		Step             int        `json:"step"`
		Loss             run.Number `json:"loss"`
		Accuracy         run.Number `json:"accuracy"`
		BalancedAccuracy run.Number `json:"balanced_accuracy"`
		LR               run.Number `json:"lr"`
		ImagesPerSecond  run.Number `json:"images_per_second"`
	}{
		p.Epoch, p.Step, run.Number(p.Loss), run.Number(p.Accuracy), run.Number(p.BalancedAccuracy), run.Number(p.LR), run.Number(p.ImagesPerSecond),
	})
}

// state is the current state of the run.
type state struct {
	mu sync.Mutex

	name, config, device string
	epochs, total        int // steps in all
	chance               float64
	status               string
	began, lastStep      time.Time
	firstStep            int
	epoch, step          int
	stall                float64 // share of the last steps' time spent waiting for images
	train, test          []point
	bestEpoch            int // as the run judges it; 0: none yet
	bestAccuracy         float64
}

// view is state.json.
type view struct {
	Name            string     `json:"name"`
	Config          string     `json:"config,omitempty"` // only if the query's from is 0
	Device          string     `json:"device"`
	Status          string     `json:"status"`
	Epoch           int        `json:"epoch"`
	Epochs          int        `json:"epochs"`
	Step            int        `json:"step"`
	Steps           int        `json:"steps"`
	Chance          run.Number `json:"chance"`
	BestEpoch       int        `json:"best_epoch"` // 0: none yet
	BestAccuracy    run.Number `json:"best_accuracy"`
	Stall           run.Number `json:"data_stall"`
	ImagesPerSecond run.Number `json:"images_per_second"`
	SecondsLeft     run.Number `json:"seconds_left"` // -1: not known
	MemoryBytes     int64      `json:"memory_bytes"`
	HeapBytes       int64      `json:"heap_bytes"`
	Train           []point    `json:"train"` // from the requested index on
	Test            []point    `json:"test"`
	TrainTotal      int        `json:"train_total"`
}

// view copies the state, with training points from index from on.
func (s *state) view(from int) view {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := view{
		Name: s.name, Device: s.device, Status: s.status, Epoch: s.epoch, Epochs: s.epochs, Step: s.step, Steps: s.total, Chance: run.Number(s.chance),
		BestEpoch: s.bestEpoch, BestAccuracy: run.Number(s.bestAccuracy),
		Stall: run.Number(s.stall), SecondsLeft: -1, TrainTotal: len(s.train), Test: append([]point{}, s.test...), Train: []point{},
	}
	if from >= 0 && from <= len(s.train) {
		v.Train = append(v.Train, s.train[from:]...)
	} else {
		v.Train = append(v.Train, s.train...)
	}
	if from == 0 {
		v.Config = s.config
	}
	v.ImagesPerSecond = run.Number(s.speed())
	if done := s.step - s.firstStep - 1; done > 0 && s.status == running {
		v.SecondsLeft = run.Number(s.lastStep.Sub(s.began).Seconds() / float64(done) * float64(max(0, s.total-s.step)))
	}
	v.MemoryBytes, v.HeapBytes = residentBytes(), heapBytes()
	return v
}

// speed is the mean images a second of the last steps that have a value.
func (s *state) speed() float64 {
	sum, n := 0.0, 0
	for _, p := range s.train[max(0, len(s.train)-20):] {
		if metrics.Finite(p.ImagesPerSecond) {
			sum, n = sum+p.ImagesPerSecond, n+1
		}
	}
	return sum / float64(max(1, n))
}

// currentEpoch is the current epoch, from 1.
func (s *state) currentEpoch() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(1, s.epoch)
}

const running = "running"

// heapBytes is the memory of live and unswept Go objects; weights and activations are not
// part of the Go heap.
func heapBytes() int64 {
	sample := []runtimemetrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	runtimemetrics.Read(sample)
	if sample[0].Value.Kind() != runtimemetrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

// hook records a run's values.
func (s *state) hook() trainer.Hook {
	return trainer.Hook{Name: "live page", Start: s.start, Step: s.stepped, Epoch: s.tested, End: s.end}
}

func (s *state) start(e trainer.Start) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epochs, s.total, s.firstStep, s.step = e.Epochs, e.Epochs*e.StepsPerEpoch, e.Step, e.Step
	if most := e.Trainer.Config().MaxSteps; most > 0 {
		s.total = min(s.total, most)
	}
	s.device, s.chance = e.Trainer.Device().Describe(), e.Trainer.Chance()
	s.epoch, _ = e.Trainer.Position()
	if best := e.Trainer.Best(); best != nil {
		s.bestEpoch, s.bestAccuracy = best.Epoch, best.Accuracy
	}
	s.status, s.began = running, time.Now()
	return nil
}

func (s *state) stepped(e trainer.StepEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Step == s.firstStep+1 {
		s.began = e.Time // the first step's time is mostly compilation
	} else if took := e.Time.Sub(s.lastStep); took > 0 {
		s.stall += 0.1 * (min(1, e.Waited.Seconds()/took.Seconds()) - s.stall)
	}
	s.lastStep, s.epoch, s.step = e.Time, e.Epoch, e.Step
	s.train = append(s.train, point(e.Point))
	return nil
}

func (s *state) tested(e trainer.EpochEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.test = append(s.test, point(e.Test.Point))
	if e.Best {
		s.bestEpoch, s.bestAccuracy = e.Epoch, e.Test.Accuracy
	}
	return nil
}

func (s *state) end(r *run.Report, _ error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = r.Status
	return nil
}
