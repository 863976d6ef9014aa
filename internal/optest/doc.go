// Package optest checks operators: gradients against finite differences
// (GradCheck), and values against files made elsewhere from inputs that both
// sides compute from an integer hash (Values).
package optest
