package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/inwords"
)

const recipesHelp = `recipes lists the recipes for train, sweep and lrfind.

  recipes [-json]

`

// recipeInfo describes a recipe.
type recipeInfo struct {
	Name   string `json:"name"`
	About  string `json:"about"`
	Model  string `json:"model"`
	Epochs int    `json:"epochs"`
	Batch  int    `json:"batch"`
	Rate   string `json:"rate"` // the learning rate in words
}

// recipesCommand is the command that lists the recipes.
func (c commands) recipesCommand(_ context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	f := newFlags("recipes")
	asJSON := f.Bool("json", false, "print a JSON list")
	others, err := parse(f, args)
	switch {
	case errors.Is(err, errHelp):
		io.WriteString(s.Out, recipesHelp)
		printFlags(s.Out, f)
		return Done
	case err == nil && len(others) > 0:
		err = usagef("%q: recipes takes no arguments; euryale train %s -h explains one", others[0], others[0])
	}
	var list []recipeInfo
	if err == nil {
		list, err = c.about()
	}
	if err == nil && *asJSON {
		err = encodeJSON(s.Out, list)
	}
	if err != nil {
		return fail(s, "recipes", err)
	}
	if *asJSON {
		return Done
	}
	for _, r := range list {
		fmt.Fprintf(s.Out, "%s\n    %s\n    %s\n", r.Name, wrapped(r.About, 4),
			wrapped(fmt.Sprintf("%s, batch %d, %s, %s", r.Model, r.Batch, inwords.Count(r.Epochs, "epoch"), r.Rate), 4))
	}
	fmt.Fprintf(s.Out, "\nAll of a recipe's settings: euryale train RECIPE -h all\n")
	return Done
}

// about describes the recipes.
func (c commands) about() (list []recipeInfo, err error) {
	for _, r := range c.recipes {
		k := config.Default()
		if err := config.LoadBase(r.Config, &k); err != nil {
			return nil, fmt.Errorf("the recipe %s: %w", r.Name, err)
		}
		list = append(list, recipeInfo{r.Name, firstSentence(r.Config), k.Model.Name, k.Train.Epochs, k.Data.Batch, k.ExplainRate()})
	}
	return list, nil
}

// firstSentence is the first sentence of the comment at the head of a recipe.
func firstSentence(recipe []byte) string {
	var text []string
	for line := range bytes.Lines(recipe) {
		comment, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("#"))
		if !ok || len(bytes.TrimSpace(comment)) == 0 {
			break
		}
		text = append(text, string(bytes.TrimSpace(comment)))
	}
	s := strings.Join(text, " ")
	for _, end := range []string{". ", " (section", "; "} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimRight(s, ".:,")
}
