package cli

import (
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// ownDevice is a device of a program of a user's own: the processor by another name.
type ownDevice struct{ device.Device }

func (ownDevice) Name() string     { return "own-device:1" }
func (ownDevice) Describe() string { return "a device of my own" }

func init() {
	err := device.Register("own-device", device.Driver{
		Open: func(index int, o device.Options) (device.Device, error) {
			d, err := device.Open("cpu", o)
			return ownDevice{d}, err
		},
		Count: func() int { return 2 },
	})
	if err != nil {
		panic(err)
	}
}

// TestOwnDeviceIsOffered looks for a registered device wherever the module's are.
func TestOwnDeviceIsOffered(t *testing.T) {
	inFolder(t)
	const words = "auto, cpu, own-device, own-device:0, own-device:1"
	train := TrainCommand([]byte(tinyRecipe))
	run := func(args ...string) outcome { return runCommand(t.Context(), train, "", args...) }
	if help := strings.Join(strings.Fields(run("-h", "all").out), " "); !strings.Contains(help, "one of "+words) {
		t.Errorf("the help lacks %s", words)
	}
	if script := completing(t, "bash"); !strings.Contains(script, strings.ReplaceAll(words, ",", "")) {
		t.Error("it is not completed")
	}
	run("-set", "device=own-devise").wants(t, Usage, nil, []string{"want one of " + words + "; the nearest is own-device"})
	run("-set", "device=own-device:2").wants(t, Usage, nil, []string{"want one of " + words})
	run("-set", "device=cuda").wants(t, Usage, nil, []string{"device = cuda is not available in this version; there is " + words})
	run("-out", "run", "-set", "device=own-device:1").wants(t, Done, []string{"test accuracy"}, []string{"device: a device of my own; precision float32"})
	predict := func(device string) outcome {
		return runCommand(t.Context(), RunPredict, "", "-weights", "run", "-device", device, "run/figures/samples")
	}
	predict("own-device").wants(t, Done, nil, nil)
	predict("own-devise").wants(t, Usage, nil, []string{`did you mean "own-device"?`})
	predict("cuda").wants(t, Failed, nil, []string{"device = cuda is not available in this version"})
	run("-out", "plain").wants(t, Done, nil, []string{"device: cpu, "}) // auto takes no device of rank 0
}
