package run

import (
	"encoding/json"
	"math"

	"github.com/euryale-ml/euryale/metrics"
)

// Number is a number in JSON. A value that is not finite, which JSON cannot represent, is
// written as null, and null is read as NaN.
type Number float64

// MarshalJSON writes the number or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !metrics.Finite(float64(n)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads a number or null.
func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}

// known is a Number that the option omitzero leaves out if it is not finite.
type known struct{ Number }

// IsZero reports whether the number is left out.
func (k known) IsZero() bool { return !metrics.Finite(float64(k.Number)) }

// missing is the value of a Number that the JSON lacks.
var missing = Number(math.NaN())
