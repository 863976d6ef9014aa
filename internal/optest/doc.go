// Package optest checks operators: gradients against finite differences
// (GradCheck), and values against files from PyTorch, whose inputs both sides compute from
// an integer hash (Values).
package optest
