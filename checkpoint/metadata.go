package checkpoint

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Keys of the metadata and the version of their format.
const (
	FormatKey        = "euryale.format"
	ModelKey         = "euryale.model"
	ClassesKey       = "euryale.classes"
	PreprocessingKey = "euryale.preprocessing"

	// Format is the version that this package writes under FormatKey, and the newest
	// that it reads.
	Format = "1"
)

const format = 1

// Info is the metadata of a file about its model. Fields without metadata are empty, as for
// files written by PyTorch.
type Info struct {
	// Model is the registered name.
	Model string
	// Classes are the names in order of their index.
	Classes []string
	// Preprocessing are the transforms of test images.
	Preprocessing *Preprocessing
}

// Preprocessing turns an image into the model's input: the short side is resized to Resize
// pixels, the middle Crop×Crop pixels are cut out, and from each channel of values in [0, 1]
// Mean is subtracted, and the result is divided by Std.
type Preprocessing struct {
	Resize int        `json:"resize"`
	Crop   int        `json:"crop"`
	Mean   [3]float64 `json:"mean"`
	Std    [3]float64 `json:"std"`
}

// Metadata encodes i for ReadInfo; callers may add keys. Like files of PyTorch it has the
// entry format: pt, which means that tensors have PyTorch's layout.
func (i Info) Metadata() map[string]string {
	m := map[string]string{FormatKey: Format, "format": "pt"}
	if i.Model != "" {
		m[ModelKey] = i.Model
	}
	put := func(key string, v any) {
		if text, err := json.Marshal(v); err == nil { // not with a NaN in Mean or Std
			m[key] = string(text)
		}
	}
	if len(i.Classes) > 0 {
		put(ClassesKey, i.Classes)
	}
	if i.Preprocessing != nil {
		put(PreprocessingKey, i.Preprocessing)
	}
	return m
}

// ReadInfo reads the metadata of a file. A newer format and malformed values are errors that
// name the key.
func ReadInfo(metadata map[string]string) (Info, error) {
	if v, ok := metadata[FormatKey]; ok {
		n, err := strconv.Atoi(v)
		switch {
		case err != nil || n < 1:
			return Info{}, fmt.Errorf("%w: %s is %q, want a version", ErrMetadata, FormatKey, v)
		case n > format:
			return Info{}, fmt.Errorf("%w: %s is %d, this version reads up to %s", ErrNewer, FormatKey, n, Format)
		}
	}
	i := Info{Model: metadata[ModelKey]}
	if v, ok := metadata[ClassesKey]; ok {
		if err := json.Unmarshal([]byte(v), &i.Classes); err != nil {
			return Info{}, fmt.Errorf("%w: %s: %w", ErrMetadata, ClassesKey, err)
		}
	}
	if v, ok := metadata[PreprocessingKey]; ok {
		if err := json.Unmarshal([]byte(v), &i.Preprocessing); err != nil {
			return Info{}, fmt.Errorf("%w: %s: %w", ErrMetadata, PreprocessingKey, err)
		}
		if i.Preprocessing != nil && !i.Preprocessing.sound() {
			return Info{}, fmt.Errorf("%w: %s is %s, want 1 ≤ crop ≤ resize and std greater than 0", ErrMetadata, PreprocessingKey, v)
		}
	}
	return i, nil
}

func (p *Preprocessing) sound() bool {
	for _, s := range p.Std {
		if !(s > 0) || math.IsInf(s, 1) {
			return false
		}
	}
	return p.Crop >= 1 && p.Resize >= p.Crop && p.Resize <= math.MaxInt32
}
