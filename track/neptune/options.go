package neptune

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/track"
)

// ErrConfig is wrapped by errors about settings that are missing or invalid.
var ErrConfig = errors.New("neptune cannot be used")

// Variables of the environment.
const (
	tokenVariable   = "NEPTUNE_API_TOKEN"
	projectVariable = "NEPTUNE_PROJECT"
	modeVariable    = "NEPTUNE_MODE"
)

// Modes of sending.
const (
	Auto    = "auto"    // Async with a token in the environment, else Offline
	Async   = "async"   // send during the run
	Offline = "offline" // write a folder for "neptune sync"
	Debug   = "debug"   // neither
)

// Options are the project of a run and the mode of sending.
type Options struct {
	// Project is "workspace/name"; "" means $NEPTUNE_PROJECT.
	Project string
	// Mode is one of the modes; "" and Auto mean $NEPTUNE_MODE, or Auto if that is empty.
	Mode string
}

// New makes a Sink for the run in the folder dir. env reads the environment, like os.Getenv.
// note is a line for people about a mode that does not send; empty with Async. Nothing is
// sent or written yet.
func New(o Options, dir string, env func(string) string) (sink track.Sink, note string, err error) {
	mode := o.Mode
	if mode == "" || mode == Auto {
		mode = cmp.Or(env(modeVariable), Auto)
	}
	token := strings.TrimSpace(env(tokenVariable))
	switch {
	case mode == "sync": // the Python client's blocking mode
		mode = Async
	case mode == Auto && token == "":
		mode = Offline
	case mode == Auto:
		mode = Async
	}
	project := cmp.Or(o.Project, env(projectVariable))
	switch mode {
	case Async:
		s, err := newOnline(token, project)
		if err != nil {
			return nil, "", err
		}
		return s, "", nil
	case Offline:
		return &offline{}, "neptune: offline, kept in " + offlineRoot(dir) + "; upload it with: neptune sync --path " + dir, nil
	case Debug:
		return nothing{}, "neptune: debug, nothing is sent or kept", nil
	}
	return nil, "", fmt.Errorf("%w: %s = %q: want one of %s", ErrConfig, modeVariable, mode, strings.Join([]string{Auto, Async, Offline, Debug}, ", "))
}

// credentials are the contents of a token.
type credentials struct {
	Address string `json:"api_address"`
	URL     string `json:"api_url"`
	Key     string `json:"api_key"`
}

// parseToken reads a token: JSON in base64. Its errors do not show it.
func parseToken(token string) (c credentials, err error) {
	if token == "" {
		return c, fmt.Errorf("%w: %s is not set; neptune.mode=offline needs none", ErrConfig, tokenVariable)
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		data, derr := encoding.DecodeString(token)
		if derr == nil && json.Unmarshal(data, &c) == nil {
			break
		}
		c = credentials{}
	}
	if c.URL = cmp.Or(c.URL, c.Address); c.URL == "" {
		return c, fmt.Errorf("%w: %s is not a Neptune token: it names no server", ErrConfig, tokenVariable)
	}
	return c, nil
}

// checkProject returns an error unless the project is workspace/name.
func checkProject(project string) error {
	workspace, name, ok := strings.Cut(project, "/")
	switch {
	case project == "":
		return fmt.Errorf("%w: no project is named: set neptune.project or %s to workspace/name", ErrConfig, projectVariable)
	case !ok, workspace == "", name == "", strings.Contains(name, "/"), slices.Contains(strings.Split(project, ""), " "):
		return fmt.Errorf("%w: the project %q: want workspace/name", ErrConfig, project)
	}
	return nil
}
