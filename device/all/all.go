// Package all registers the devices of this module for device.Open. Import it for that
// effect alone. A device of another module registers itself when its package is imported.
package all

import (
	_ "github.com/euryale-ml/euryale/device/cpu" // cpu
)
