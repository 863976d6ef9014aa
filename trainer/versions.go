package trainer

import (
	"runtime"
	"runtime/debug"
)

// versions are the versions of Euryale and Go.
func versions() map[string]string {
	v := map[string]string{"go": runtime.Version(), "euryale": "(devel)"}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(b.Deps, &b.Main) {
			if m.Path == "github.com/euryale-ml/euryale" && m.Version != "" {
				v["euryale"] = m.Version
			}
		}
	}
	return v
}
