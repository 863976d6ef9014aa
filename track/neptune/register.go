package neptune

import (
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/track"
)

// Settings are the keys neptune.project, neptune.mode and neptune.tags; the token comes
// from the environment.
type Settings struct {
	Project string   `yaml:"project" help:"workspace/name; empty = $NEPTUNE_PROJECT"`
	Mode    string   `yaml:"mode" oneof:"auto,async,offline,debug" help:"send while training, write a folder to sync, or neither; auto = async with a token in the environment, else offline"`
	Tags    []string `yaml:"tags" help:"tags of the run"`
}

// RunTags returns Tags.
func (s Settings) RunTags() []string { return s.Tags }

func init() {
	err := track.Register("neptune", func(s track.Setup) (track.Sink, string, error) {
		o := s.Settings.(Settings)
		return New(Options{Project: o.Project, Mode: o.Mode}, s.Dir, s.Env)
	}, registry.About("sends to neptune.ai, or keeps a folder for neptune sync"), registry.Settings(Settings{Mode: Auto}))
	if err != nil {
		panic(err) // impossible: the name is not in use
	}
}
