package engine

import "github.com/euryale-ml/euryale/device"

// HostData is what tests read a Gorgonia value by.
var HostData = hostData

// HasForms reports whether it is known how a kind reads its operands.
func HasForms(k device.Kind) bool {
	_, ok := formsOf[k]
	return ok
}
