// Command predict classifies images with what a run has learned.
//
//	go run ./examples/predict -weights runs/RUN IMAGE…
package main

import "github.com/euryale-ml/euryale/cli"

func main() { cli.Predict() }
