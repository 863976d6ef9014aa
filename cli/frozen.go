package cli

import (
	"fmt"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/trainer"
)

// trained is a line about the parameters that a run trains; "" if it trains all of them.
func trained(f trainer.Frozen, m config.Model) string {
	line := ""
	if f.Parameters > 0 {
		line = fmt.Sprintf("training: %s of %s parameters, the others are frozen", inwords.Grouped(int64(f.Of-f.Parameters)), inwords.Grouped(int64(f.Of)))
	}
	switch {
	case !m.FreezeStatistics:
	case f.Norms == 0:
		line += separate(line) + "model.freeze_statistics has no effect, since there is no BatchNorm"
	default:
		line += separate(line) + fmt.Sprintf("%d BatchNorms keep their statistics", f.Norms)
	}
	return line
}

// separate is the separator before the next part of the line.
func separate(before string) string {
	if before == "" {
		return "training: "
	}
	return "; "
}
