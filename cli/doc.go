// Package cli is what the commands share: their flags, their output and their exit
// codes. A program of one's own gets the training command with all of it by
//
//	//go:embed config.yaml
//	var recipe []byte
//
//	func main() { cli.Train(recipe) }
//
// Models and sets that it registers (models.Register, dataset.Register) are then
// reachable by name from the YAML and from -set. The same program classifies images
// with what it trained when its first argument is "predict".
//
// Progress goes to standard error, results to standard output. The exit code is
// Done, Failed, Usage or Stopped.
package cli
