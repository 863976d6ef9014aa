// Command predict classifies images with the weights of a run.
//
//	go run ./examples/predict -weights runs/RUN IMAGE…
package main

import "github.com/euryale-ml/euryale/cli"

func main() { cli.Predict() }
