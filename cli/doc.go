// Package cli implements the commands: their flags, their output and their exit codes. Your
// own program gets the complete training command with
//
//	//go:embed config.yaml
//	var recipe []byte
//
//	func main() { cli.Train(recipe) }
//
// Models and data sets that the program registers (models.Register, dataset.Register) can
// then be named in the YAML and with -set. With "predict" as its first argument the same
// program classifies images with the trained weights.
//
// Progress goes to standard error, results to standard output. The exit code is
// Done, Failed, Usage or Stopped.
package cli
