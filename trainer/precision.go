package trainer

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// Precisions are the values of SessionConfig.Precision and Config.Precision.
//
// With Float32 and Float64 the network computes in that type and keeps all values in it.
// With BFloat16 it keeps activations, their gradients and the weights that products read in
// half the memory, computes sums in float32, and keeps parameters, statistics, the loss,
// the optimizer's values and updates in float32.
func Precisions() []device.DType {
	return []device.DType{device.Float32, device.BFloat16, device.Float64}
}

// ParsePrecision is the precision of a name: float32, bfloat16 or float64. Others are
// ErrConfig.
func ParsePrecision(name string) (device.DType, error) {
	for _, p := range Precisions() {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, badPrecision("precision", name)
}

// checkPrecision is an error if a field's value is not one of Precisions.
func checkPrecision(field string, p device.DType) error {
	_, err := ParsePrecision(p.String())
	if err != nil {
		return badPrecision(field, p)
	}
	return nil
}

func badPrecision(field string, v any) error {
	return fmt.Errorf("trainer: %s = %v: %w: want one of %v", field, v, ErrConfig, Precisions())
}

// nodeType is the type of a graph's nodes for a precision.
func nodeType(p device.DType) tensor.Dtype {
	if p == device.Float64 {
		return tensor.Float64
	}
	return tensor.Float32
}

// storedAs is engine.Spec.Precision for a precision: the type in which float32 values are
// stored; 0: as they are.
func storedAs(p device.DType) device.DType {
	if p == device.BFloat16 {
		return p
	}
	return 0
}
