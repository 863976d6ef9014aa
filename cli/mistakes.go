package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/viz"
)

const (
	mistakesShown = 24 // images of the greatest loss
	pairsShown    = 6  // pairs of classes that are confused most
	imagesOfPair  = 4
)

// drawMistakes draws the test images with the greatest loss of the best weights, and images of
// the classes that they confuse most. If there are no mistakes, older pictures are removed.
func drawMistakes(t *trainer.Trainer, folder run.Folder, name string) error {
	all, err := folder.Predictions()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // never evaluated
	}
	if err != nil {
		return err
	}
	wrong := slices.DeleteFunc(all, func(p run.Prediction) bool { return p.Label == p.Predicted })
	slices.SortStableFunc(wrong, func(a, b run.Prediction) int { return cmp.Compare(b.Loss, a.Loss) })
	mostWrong, mostConfused := folder.Figure(run.MostWrongFile), folder.Figure(run.MostConfusedFile)
	if len(wrong) == 0 {
		return errors.Join(removeOld(mostWrong), removeOld(mostConfused))
	}
	worst := wrong[:min(len(wrong), mistakesShown)]
	err = drawPredictions(t, mostWrong, name+": the test images with the greatest loss", worst)
	return errors.Join(err, drawConfused(t, mostConfused, name, wrong))
}

// removeOld removes a file that may not be there.
func removeOld(path string) error {
	if err := atomicfile.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// drawPredictions draws test images with their predicted classes.
func drawPredictions(t *trainer.Trainer, path, title string, predictions []run.Prediction) error {
	classes := t.Classes()
	var shown []viz.Prediction
	for _, p := range predictions {
		pairs, err := t.TestLoader().Images(context.Background(), 1, []int{p.Index})
		if err != nil {
			return err
		}
		if len(pairs) == 0 || p.Label >= len(classes) || p.Predicted >= len(classes) {
			continue
		}
		shown = append(shown, viz.Prediction{
			Image: pairs[0].After, Class: classes[p.Predicted], Probability: p.Probability, Truth: classes[p.Label],
		})
	}
	if len(shown) == 0 {
		return nil
	}
	return viz.Predictions(path, title, shown)
}

// confusion is a class that is predicted as another one.
type confusion struct {
	label, predicted int
	images           []run.Prediction
}

// confusions counts wrong predictions by pair of classes, the most frequent first.
func confusions(wrong []run.Prediction) []*confusion {
	var list []*confusion
	for _, p := range wrong {
		i := slices.IndexFunc(list, func(c *confusion) bool { return c.label == p.Label && c.predicted == p.Predicted })
		if i < 0 {
			i = len(list)
			list = append(list, &confusion{label: p.Label, predicted: p.Predicted})
		}
		list[i].images = append(list[i].images, p)
	}
	slices.SortStableFunc(list, func(a, b *confusion) int { return cmp.Compare(len(b.images), len(a.images)) })
	return list
}

// drawConfused draws some images of each of the most frequent confusions, a row each.
func drawConfused(t *trainer.Trainer, path, name string, wrong []run.Prediction) error {
	classes := t.Classes()
	var tiles []viz.Tile
	for _, c := range confusions(wrong) {
		if len(tiles) >= pairsShown*imagesOfPair || c.label >= len(classes) || c.predicted >= len(classes) {
			continue
		}
		var index []int
		for _, p := range c.images[:min(len(c.images), imagesOfPair)] {
			index = append(index, p.Index)
		}
		pairs, err := t.TestLoader().Images(context.Background(), 1, index)
		if err != nil {
			return err
		}
		for i := range imagesOfPair {
			var tile viz.Tile
			if i < len(pairs) {
				tile.Image = pairs[i].After
				tile.Caption = fmt.Sprintf("%s\ntaken for %s", classes[c.label], classes[c.predicted])
				if i == 0 {
					tile.Caption = fmt.Sprintf("%s\ntaken for %s, %d×", classes[c.label], classes[c.predicted], len(c.images))
				}
			}
			tiles = append(tiles, tile)
		}
	}
	if len(tiles) == 0 {
		return nil
	}
	return viz.WritePNG(path, viz.Grid(tiles, viz.GridOptions{
		Title: name + ": the classes that are confused most", Subtitle: fmt.Sprintf("%d wrong test images", len(wrong)), Columns: imagesOfPair,
	}))
}
