package cli

import (
	"io"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/run"
)

// objectOut is the standard output of a command that prints one JSON object. If the command
// fails before it has printed the object, fail prints one with the reason.
type objectOut struct {
	io.Writer
	printed bool
}

func (o *objectOut) Write(p []byte) (int, error) {
	o.printed = true
	return o.Writer.Write(p)
}

// forJSON is s, with an objectOut as its output if the arguments contain -json, even if the
// other arguments are wrong.
func forJSON(s IO, args []string) IO {
	if _, already := s.Out.(*objectOut); already {
		return s
	}
	for _, arg := range args {
		if arg == "--" {
			break
		}
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if on, err := strconv.ParseBool(value); arg != name && name == "json" && (!given || on && err == nil) {
			s.Out = &objectOut{Writer: s.Out}
			break
		}
	}
	return s
}

// failedObject prints the object of a failed command if it should print one and has not.
func failedObject(s IO, err error) {
	o, ok := s.Out.(*objectOut)
	if !ok || o.printed {
		return
	}
	status := run.Failed
	if codeOf(err) == Stopped {
		status = run.Interrupted
	}
	encodeJSON(o, map[string]string{"status": status, "error": oneLine(err)}) // results reports a failed write
}
