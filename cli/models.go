package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/models"
)

const modelsHelp = `models lists the models, for model.name, summary and predict -model.

  models [-json]

Parameters are those with 1,000 outputs, multiply-adds those of an image of 224×224.

`

// modelInfo describes a model.
type modelInfo struct {
	Name         string `json:"name"`
	About        string `json:"about,omitempty"`
	Weights      string `json:"weights,omitempty"` // sources of pretrained weights
	Parameters   int    `json:"parameters"`
	MultiplyAdds int64  `json:"multiply_adds"`
}

// runModels is the command that lists the models.
func runModels(_ context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	f := newFlags("models")
	asJSON := f.Bool("json", false, "print a JSON list")
	others, err := parse(f, args)
	switch {
	case errors.Is(err, errHelp):
		io.WriteString(s.Out, reflowed(modelsHelp))
		printFlags(s.Out, f)
		return Done
	case err == nil && len(others) > 0:
		err = usagef("%q: models takes no arguments; euryale summary %s has the layers of one", others[0], others[0])
	}
	var list []modelInfo
	if err == nil {
		list, err = aboutModels()
	}
	if err == nil && *asJSON {
		err = encodeJSON(s.Out, list)
	}
	if err != nil {
		return fail(s, "models", err)
	}
	if *asJSON {
		return Done
	}
	for _, m := range list {
		fmt.Fprintf(s.Out, "%s: %s parameters, %s multiply-adds\n", m.Name, inwords.Grouped(int64(m.Parameters)), inwords.Short(m.MultiplyAdds))
		if m.About != "" {
			fmt.Fprintf(s.Out, "    %s\n", wrapped(m.About, 4))
		}
		if m.Weights != "" {
			fmt.Fprintf(s.Out, "    weights: %s\n", wrapped(m.Weights, 13))
		}
	}
	fmt.Fprintf(s.Out, "\nStart from weights: -set model.weights=FILE -set model.replace_head=true\n")
	return Done
}

// aboutModels describes the registered models.
func aboutModels() (list []modelInfo, err error) {
	for _, e := range models.Entries() {
		m, err := models.New(e.Name, models.Config{Classes: 1000, Dropout: 0.5})
		if err != nil {
			return nil, err
		}
		info := modelInfo{Name: e.Name, About: e.About, Weights: e.Detail("weights")}
		if sum, err := models.Summarize(m, [3]int{3, 224, 224}); err == nil { // a registered model may need another size
			info.Parameters, info.MultiplyAdds = sum.Parameters, sum.MultiplyAdds
		}
		list = append(list, info)
	}
	return list, nil
}
