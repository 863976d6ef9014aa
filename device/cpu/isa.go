package cpu

import (
	"fmt"
	"os"
)

// chooseISA chooses the kernels: by the option, else by EURYALE_ISA, else the fastest.
func chooseISA(o Options) (string, error) {
	isa, from := o.ISA, "ISA"
	if isa == "" {
		isa, from = os.Getenv("EURYALE_ISA"), "EURYALE_ISA"
	}
	if o.Reference {
		isa = "generic"
	}
	have := map[string]bool{"avx512": haveAVX512, "avx2": haveAVX2, "generic": true}
	if isa == "" {
		for _, best := range []string{"avx512", "avx2", "generic"} {
			if have[best] {
				return best, nil
			}
		}
	}
	there, known := have[isa]
	switch {
	case !known:
		return "", fmt.Errorf("cpu: %s=%q: want avx512, avx2 or generic: %w", from, isa, ErrOption)
	case !there:
		return "", fmt.Errorf("cpu: %s=%s: this processor or build has no such kernels: %w", from, isa, ErrOption)
	}
	return isa, nil
}
