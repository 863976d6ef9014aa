package run

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

// Split lists the images that a run trains and tests on, by name, without their contents. A
// run resumes only with an equal split: other classes would change the meaning of the
// outputs, and a test image must not become a training image.
type Split struct {
	Format  int         `json:"format"`
	Classes []string    `json:"classes"` // in order of their labels
	Parts   []SplitPart `json:"parts"`
}

// Names of the parts of a Split.
const (
	TrainingPart = "training"
	TestPart     = "test"  // after each epoch
	FinalPart    = "final" // at the end, of the best weights
)

// SplitPart describes the images of one part.
type SplitPart struct {
	Part    string `json:"part"`
	Images  int    `json:"images"`
	Version string `json:"version,omitempty"` // of a dataset.Versioned
	// Hash is SHA-256 over the names and classes of the images in order; PerClass has them
	// by class. Both are set only for a dataset.Listed.
	Hash     string       `json:"hash,omitempty"`
	PerClass []SplitClass `json:"per_class,omitempty"`
}

// SplitClass is the images of one class in a part.
type SplitClass struct {
	Images int      `json:"images"`
	Hash   string   `json:"hash"`            // over their names in order
	Names  []string `json:"names,omitempty"` // left out if the split has many images
}

// SplitFormat is the Format of splits written by this version.
const SplitFormat = 1

// maxSplit is the largest split that is read, in bytes.
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

// Occurring is the number of classes that have images in a part; 0 if unknown.
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

// Split reads split.json, which is missing in folders of early versions.
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
