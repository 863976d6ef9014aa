// Package infer classifies images with trained weights: Open a safetensors file that a
// Trainer wrote, or a run's folder, then Classify images.
package infer
