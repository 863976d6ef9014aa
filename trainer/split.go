package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/run"
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
	FinalPart    = "final" // of Config.Final
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

const (
	splitFormat   = 1
	splitNames    = 20_000   // images up to which their names are kept
	maxSplitBytes = 64 << 20 // of the file
)

// NewSplit describes sets, of which final may be nil. It reads no image.
func NewSplit(train, test, final dataset.Dataset) *Split {
	s := &Split{Format: splitFormat, Classes: train.Classes()}
	all := train.Len() + test.Len()
	if final != nil {
		all += final.Len()
	}
	for _, of := range []struct {
		part string
		set  dataset.Dataset
	}{{TrainingPart, train}, {TestPart, test}, {FinalPart, final}} {
		if of.set != nil {
			s.Parts = append(s.Parts, newSplitPart(of.part, of.set, len(s.Classes), all <= splitNames))
		}
	}
	return s
}

func newSplitPart(part string, set dataset.Dataset, classes int, named bool) SplitPart {
	p := SplitPart{Part: part, Images: set.Len()}
	if v, ok := set.(dataset.Versioned); ok {
		p.Version = v.Version()
	}
	listed, ok := set.(dataset.Listed)
	if !ok {
		return p
	}
	names := set.Classes()
	order, hashes := sha256.New(), make([]io.Writer, classes)
	sums := make([]func(b []byte) []byte, classes)
	for i := range classes {
		h := sha256.New()
		hashes[i], sums[i] = h, h.Sum
	}
	p.PerClass = make([]SplitClass, classes)
	for i := range set.Len() {
		name, label := listed.Image(i)
		if label < 0 || label >= classes {
			continue // the loader says so when it reads it
		}
		fmt.Fprintf(order, "%q %q\n", names[label], name)
		fmt.Fprintf(hashes[label], "%q\n", name)
		c := &p.PerClass[label]
		if c.Images++; named {
			c.Names = append(c.Names, name)
		}
	}
	for i := range p.PerClass {
		p.PerClass[i].Hash = hex.EncodeToString(sums[i](nil))
	}
	p.Hash = hex.EncodeToString(order.Sum(nil))
	return p
}

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

// ReadSplit reads the split of a run's folder. Without one, as in folders of earlier
// versions, the error is fs.ErrNotExist.
func ReadSplit(dir string) (*Split, error) {
	path := filepath.Join(dir, run.SplitFile)
	data, err := smallfile.Read(path, maxSplitBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	s := new(Split)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("trainer: %w: %s: %w", ErrFolder, path, err)
	}
	if s.Format > splitFormat {
		return nil, fmt.Errorf("trainer: %w: %s has format %d, of a newer version; this one reads up to %d", ErrFolder, path, s.Format, splitFormat)
	}
	return s, nil
}

// write puts the split into a run's folder.
func (s *Split) write(dir string) error {
	return atomicfile.Write(filepath.Join(dir, run.SplitFile), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		return e.Encode(s)
	})
}
