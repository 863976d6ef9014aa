package cpu

import (
	"fmt"
	"os"
)

// chooseISA picks the kernels: the option, else EURYALE_ISA, else the best.
func chooseISA(o Options) (string, error) {
	isa, from := o.ISA, "ISA"
	if isa == "" {
		isa, from = os.Getenv("EURYALE_ISA"), "EURYALE_ISA"
	}
	if o.Reference {
		isa = "generic"
	}
	switch isa {
	case "":
		if haveAVX2 {
			return "avx2", nil
		}
		return "generic", nil
	case "avx2":
		if !haveAVX2 {
			return "", fmt.Errorf("cpu: %s=avx2: this processor or build has no AVX2 kernels: %w", from, ErrOption)
		}
		return isa, nil
	case "generic":
		return isa, nil
	}
	return "", fmt.Errorf("cpu: %s=%q: want avx2 or generic: %w", from, isa, ErrOption)
}
