// Package all registers the trackers of this module for track.Open and the key track. It
// is imported only for that effect. A tracker of another module registers itself when its
// package is imported.
package all

import (
	_ "github.com/euryale-ml/euryale/track/mlflow"      // mlflow
	_ "github.com/euryale-ml/euryale/track/neptune"     // neptune
	_ "github.com/euryale-ml/euryale/track/tensorboard" // tensorboard
)
