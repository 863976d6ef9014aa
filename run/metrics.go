package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/euryale-ml/euryale/metrics"
)

// Metrics are values by name that hooks added to an evaluation. The zero value is empty.
// Metrics can be copied; == compares names and values.
type Metrics struct {
	text string // JSON, in order of the names; null for values that are not finite
}

// NewMetrics makes Metrics from values. A name that metrics.CheckName refuses is an error.
// Values that are not finite become NaN.
func NewMetrics(values map[string]float64) (Metrics, error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := metrics.CheckName(name); err != nil {
			return Metrics{}, fmt.Errorf("run: %w", err)
		}
	}
	return metricsOf(values), nil
}

func metricsOf(values map[string]float64) Metrics {
	if len(values) == 0 {
		return Metrics{}
	}
	numbers := map[string]Number{}
	for name, v := range values {
		numbers[name] = Number(v)
	}
	text, err := json.Marshal(numbers)
	if err != nil {
		panic("run: " + err.Error()) // names and finite numbers always have JSON
	}
	return Metrics{string(text)}
}

// Map returns the values by name, NaN for those that are not finite.
func (m Metrics) Map() map[string]float64 {
	values, err := readMetrics([]byte(cmp.Or(m.text, "{}")))
	if err != nil {
		panic("run: " + err.Error()) // metricsOf wrote it
	}
	return values
}

// Names returns the names in byte order.
func (m Metrics) Names() []string {
	if m.text == "" {
		return nil
	}
	return slices.Sorted(maps.Keys(m.Map()))
}

// Get returns the value of a name; NaN and false if there is none.
func (m Metrics) Get(name string) (float64, bool) {
	if m.text == "" {
		return math.NaN(), false
	}
	v, ok := m.Map()[name]
	if !ok {
		v = math.NaN()
	}
	return v, ok
}

// IsZero reports whether there are none.
func (m Metrics) IsZero() bool { return m.text == "" }

// MarshalJSON writes an object, with null for values that are not finite.
func (m Metrics) MarshalJSON() ([]byte, error) {
	if m.text == "" {
		return []byte("{}"), nil
	}
	return []byte(m.text), nil
}

// UnmarshalJSON reads an object of numbers and nulls.
func (m *Metrics) UnmarshalJSON(data []byte) error {
	values, err := readMetrics(data)
	if err != nil {
		return err
	}
	*m = metricsOf(values)
	return nil
}

// readMetrics reads an object of numbers and nulls.
func readMetrics(data []byte) (map[string]float64, error) {
	var numbers map[string]Number
	if err := json.Unmarshal(data, &numbers); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for name, v := range numbers {
		values[name] = float64(v)
	}
	return values, nil
}
