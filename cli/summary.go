package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/models"
)

const summaryHelp = `summary prints a model's layers with output shape, parameters and multiply-adds, and the totals.

  summary [flags] MODEL

`

// RunSummary is the command that prints a model's layers.
func RunSummary(_ context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	f := newFlags("summary")
	size := f.Int("size", 224, "side of the image in pixels")
	classes := f.Int("classes", 37, "outputs")
	asJSON := f.Bool("json", false, "print one JSON object: layers and totals")
	names, err := parse(f, args)
	known := models.Names()
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(s.Out, reflowed(summaryHelp), listed("Models", known), "\n")
		printFlags(s.Out, f)
		return Done
	case err != nil:
	case len(names) != 1:
		err = usagef("name one model of %s", strings.Join(known, ", "))
	case *size < 1 || *classes < 1:
		err = usagef("-size %d -classes %d: want at least 1", *size, *classes)
	case !slices.Contains(known, names[0]):
		err = unknownName("model", names[0], known)
	}
	if err != nil {
		return fail(s, "summary", err)
	}
	m, err := models.New(names[0], models.Config{Classes: *classes, Dropout: 0.5})
	if err != nil {
		return fail(s, "summary", err)
	}
	sum, err := models.Summarize(m, [3]int{3, *size, *size})
	if err != nil {
		return fail(s, "summary", err)
	}
	if *asJSON {
		if err := encodeJSON(s.Out, sum); err != nil {
			return fail(s, "summary", err)
		}
		return Done
	}
	io.WriteString(s.Out, sum.String())
	return Done
}
