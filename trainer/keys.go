package trainer

import (
	"fmt"
	"regexp"
	"strings"
)

// keyOf maps the fields that errors of New name to the keys of a configuration.
var keyOf = []struct {
	field *regexp.Regexp
	key   string
}{
	{regexp.MustCompile(`\bBatch\b`), "data.batch"},
	{regexp.MustCompile(`\bDropLast\b`), "data.drop_last=true"},
	{regexp.MustCompile(`\bTestBatch\b`), "data.test_batch"},
	{regexp.MustCompile(`\bMixup\b`), "augment.mixup"},
	{regexp.MustCompile(`\bSeed\b`), "seed"},
	{regexp.MustCompile(`\bConfig\.Freeze\b`), "model.freeze"},
}

// withKeys adds to an error of New the keys of the settings that it names as fields.
func withKeys(err error) error {
	var keys []string
	for _, k := range keyOf {
		if k.field.MatchString(err.Error()) {
			keys = append(keys, k.key)
		}
	}
	if keys == nil {
		return err
	}
	return fmt.Errorf("%w (in a configuration: %s)", err, strings.Join(keys, ", "))
}

// shortBatch is advice for a model that cannot take training batches of n images.
func (t *Trainer) shortBatch(n int) string {
	switch {
	case n == t.config.Batch:
		return "choose another Batch"
	case t.train.Steps() == 1:
		return fmt.Sprintf("the training set has only %d", t.train.Len())
	}
	return fmt.Sprintf("the last batch of an epoch, since %d images make batches of %d: leave it out by DropLast, or choose another Batch", t.train.Len(), t.config.Batch)
}
