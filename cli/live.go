package cli

import (
	"context"
	"fmt"
	"image"
	"os"
	"reflect"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/address"
	"github.com/euryale-ml/euryale/live"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/viz"
)

// liveImages is the number of images on the live page.
const liveImages = 16

// openLive serves the live page if -http asks for it. An address that cannot be used is a
// warning: the run continues without the page.
func (n *session) openLive() {
	if n.flags.http == "" {
		return
	}
	shown := withoutUsers(n.config)
	s, err := live.Listen(n.flags.http, live.Options{Name: n.config.Name, Config: string(shown.YAML()), Batch: n.batchOf})
	if err != nil {
		n.warn("warning: -http: %v", err)
		return
	}
	n.live = s
	n.trainer.AddHook(s.Hook())
	n.warn("live page: %s", s.URL())
	if !s.Loopback() {
		n.warn("warning: the live page can be read by every machine that reaches this one")
	}
}

// withoutUsers removes the users from addresses, since they may be tokens.
func withoutUsers(c config.Config) config.Config {
	for _, k := range config.Keys() {
		if k.Kind != reflect.String || k.Words != nil {
			continue
		}
		value, _ := c.Get(k.Path)
		if without := address.WithoutUser(value); without != value {
			c.Set(k.Path, without) // a text key takes any value
		}
	}
	return c
}

// batchOf draws the first images of an epoch as the network sees them.
func (n *session) batchOf(epoch int) (image.Image, error) {
	t := n.trainer
	pairs, err := t.TrainLoader().Preview(context.Background(), epoch, min(liveImages, t.Config().Batch))
	if err != nil {
		return nil, err
	}
	var tiles []viz.Tile
	for _, p := range pairs {
		tiles = append(tiles, viz.Tile{Image: p.After, Caption: mixture(p, t.Classes())})
	}
	if len(tiles) == 0 {
		return nil, viz.ErrEmpty
	}
	return viz.Grid(tiles, viz.GridOptions{Columns: 4}), nil
}

// showInTerminal shows the first batch in the terminal as soon as it is drawn, if -show
// asks for it and the terminal can.
func (n *session) showInTerminal() {
	columns, isTerminal := terminal(n.io.Err)
	mode := viz.TerminalModeOf(os.Getenv)
	if !n.flags.show || n.flags.quiet || !isTerminal || mode == viz.NoPictures {
		return
	}
	n.trainer.AddHook(trainer.Hook{Name: "terminal", Start: func(trainer.Start) error {
		n.figures.paint.draw("picture in the terminal", func() error { return n.showPicture(columns, mode) })
		return nil
	}})
}

func (n *session) showPicture(columns int, mode viz.TerminalMode) error {
	f, err := os.Open(run.Folder(n.dir.path).Figure(run.BatchAfterFile))
	if err != nil {
		return err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return err
	}
	fmt.Fprint(n.io.Err, "\r\x1b[K")
	return viz.Terminal(n.io.Err, img, columns-1, mode)
}
