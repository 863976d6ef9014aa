// Command trainstep times training or evaluation steps of a model on random images. Its flags
// and its JSON are those of bench/pytorch/trainstep.py; bench/pair.sh runs the two in turn.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

type options struct {
	model, precision, mode             string
	batch, threads, size, steps, class int
	profile, explain, asJSON           bool
}

// result is the JSON object that -json prints.
type result struct {
	Median          float64   `json:"median_ms"`
	Min             float64   `json:"min_ms"`
	ImagesPerSecond float64   `json:"images_per_second"`
	PeakRSS         int64     `json:"peak_rss_bytes"`
	Compile         float64   `json:"compile_ms"`
	Steps           []float64 `json:"steps"`
}

func main() {
	var o options
	flag.StringVar(&o.model, "model", "resnet50b", "registered model")
	flag.IntVar(&o.batch, "batch", 8, "images a step")
	flag.StringVar(&o.precision, "precision", "float32", "float32, bfloat16 or float64")
	flag.StringVar(&o.mode, "mode", "train", "train or eval")
	flag.IntVar(&o.threads, "threads", 2, "workers; 0 means all processors")
	flag.IntVar(&o.size, "size", 224, "side of the images in pixels")
	flag.IntVar(&o.steps, "steps", 10, "timed steps")
	flag.IntVar(&o.class, "classes", 37, "outputs")
	flag.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	flag.BoolVar(&o.profile, "profile", false, "print the time of each kind of step to standard error (training)")
	flag.BoolVar(&o.explain, "explain", false, "print the compiled steps to standard error (training)")
	flag.Parse()
	r, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "trainstep:", err)
		os.Exit(1)
	}
	if o.asJSON {
		json.NewEncoder(os.Stdout).Encode(r)
		return
	}
	fmt.Printf("%s %s, batch %d at %d: median %.1f ms, minimum %.1f ms, %.1f images/s, peak %.2f GB, compiled in %.0f ms\n",
		o.model, o.mode, o.batch, o.size, r.Median, r.Min, r.ImagesPerSecond, float64(r.PeakRSS)/1e9, r.Compile)
}

func run(o options) (result, error) {
	precision, err := trainer.ParsePrecision(o.precision)
	if err != nil {
		return result{}, err
	}
	if o.mode != "train" && o.mode != "eval" || o.batch < 1 || o.steps < 1 {
		return result{}, fmt.Errorf("-mode %s -batch %d -steps %d: want train or eval, and positive numbers", o.mode, o.batch, o.steps)
	}
	dev, err := device.Open("cpu", device.Options{Threads: o.threads})
	if err != nil {
		return result{}, err
	}
	defer dev.Close()
	net, err := models.New(o.model, models.Config{Classes: o.class, Dropout: 0.5})
	if err != nil {
		return result{}, err
	}
	start := time.Now()
	session, err := trainer.NewSession(net, trainer.SessionConfig{
		Device: dev, Optimizer: optim.SGD{LR: 1e-3, Momentum: 0.9, WeightDecay: 5e-4},
		Input: [3]int{3, o.size, o.size}, Precision: precision,
	})
	if err != nil {
		return result{}, err
	}
	defer session.Close()
	return measure(o, session, start)
}

func measure(o options, session *trainer.Session, start time.Time) (result, error) {
	r := rand.New(rand.NewPCG(1, 2))
	images, labels := make([]float32, o.batch*3*o.size*o.size), make([]int64, o.batch)
	for i := range images {
		images[i] = float32(r.NormFloat64())
	}
	for i := range labels {
		labels[i] = int64(r.IntN(o.class))
	}
	once := func() error { // as in training: the next batch is bound while a step runs
		if o.mode == "eval" {
			_, err := session.Evaluate(images, nil, o.batch)
			return err
		}
		if err := session.Start(1e-3); err != nil {
			return err
		}
		if err := session.Bind(images, trainer.Labels(labels)); err != nil {
			return err
		}
		_, err := session.Wait()
		return err
	}
	if o.mode == "train" {
		if err := session.Bind(images, trainer.Labels(labels)); err != nil {
			return result{}, err
		}
	}
	if err := once(); err != nil {
		return result{}, err
	}
	out := result{Compile: time.Since(start).Seconds() * 1e3}
	if o.explain && o.mode == "train" {
		text, err := session.Explain(o.batch)
		if err != nil {
			return result{}, err
		}
		fmt.Fprint(os.Stderr, text)
	}
	if err := once(); err != nil {
		return result{}, err
	}
	if o.profile && o.mode == "train" {
		session.Profile(o.batch, true)
	}
	for range o.steps {
		begin := time.Now()
		if err := once(); err != nil {
			return result{}, err
		}
		out.Steps = append(out.Steps, time.Since(begin).Seconds()*1e3)
	}
	if o.profile && o.mode == "train" {
		fmt.Fprint(os.Stderr, session.ProfileReport(o.batch))
	}
	sorted := slices.Sorted(slices.Values(out.Steps))
	out.Min, out.Median = sorted[0], (sorted[(len(sorted)-1)/2]+sorted[len(sorted)/2])/2
	out.ImagesPerSecond = float64(o.batch) / out.Median * 1e3
	out.PeakRSS = peakRSS()
	return out, nil
}
