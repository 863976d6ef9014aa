package cli

import (
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for name, want := range map[string]string{
		"resnet50-pets-sgd-lr0.1": "resnet50-pets-sgd-lr0.1", "a b": "a_b", "a/b\\c:d*e?f\"g<h>i|j": "a_b_c_d_e_f_g_h_i_j", "tab\tx\x7f": "tab_x_",
		"..": "__", "end.": "end_", "": "_", "CON": "_CON", "nul.png": "_nul.png", "com1": "_com1", "LPT9.x": "_LPT9.x", "com10": "com10", "console": "console", "com": "com",
		long: long[:120], "C:\\data": "C__data", "münchen": "münchen",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
