package run

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

// Split is which images a run trains and tests on, without what they hold. A run resumes
// only on an equal one: other classes have other outputs, and a test image that is trained
// on is no test.
type Split struct {
	Format  int         `json:"format"`
	Classes []string    `json:"classes"` // in order of their labels
	Parts   []SplitPart `json:"parts"`
}

// The parts of a Split.
const (
	TrainingPart = "training"
	TestPart     = "test"  // after each epoch
	FinalPart    = "final" // at the end, of the best weights
)

// SplitPart is the images of one part.
type SplitPart struct {
	Part    string `json:"part"`
	Images  int    `json:"images"`
	Version string `json:"version,omitempty"` // of a dataset.Versioned
	// Hash is SHA-256 over the names and classes of the images in their order, and
	// PerClass has them class by class; both only of a dataset.Listed.
	Hash     string       `json:"hash,omitempty"`
	PerClass []SplitClass `json:"per_class,omitempty"`
}

// SplitClass is the images of one class in a part.
type SplitClass struct {
	Images int      `json:"images"`
	Hash   string   `json:"hash"`            // over their names in order
	Names  []string `json:"names,omitempty"` // left out where there are many images in all
}

// SplitFormat is the Format of the splits that this version writes.
const SplitFormat = 1

// maxSplit is the most bytes of a split that are read.
const maxSplit = 64 << 20

// Part returns a part by its name, nil where it is missing.
func (s *Split) Part(name string) *SplitPart {
	for i := range s.Parts {
		if s.Parts[i].Part == name {
			return &s.Parts[i]
		}
	}
	return nil
}

// Occurring is the number of classes that have images in a part; 0 where that is not known.
func (s *Split) Occurring(part string) (n int) {
	if p := s.Part(part); p != nil {
		for _, c := range p.PerClass {
			if c.Images > 0 {
				n++
			}
		}
	}
	return n
}

// Split reads split.json, which folders of early versions do not have.
func (f Folder) Split() (*Split, error) {
	path := f.Path(SplitFile)
	data, err := smallfile.Read(path, maxSplit)
	if err != nil {
		return nil, err
	}
	s := new(Split)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("run: %w: %s: %w", ErrFile, path, err)
	}
	if s.Format > SplitFormat {
		return nil, fmt.Errorf("run: %w: %s has format %d, of a newer version; this one reads up to %d", ErrFile, path, s.Format, SplitFormat)
	}
	return s, nil
}

// WriteSplit writes split.json.
func (f Folder) WriteSplit(s *Split) error {
	return f.write(SplitFile, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		return e.Encode(s)
	})
}
