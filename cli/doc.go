// Package cli implements the commands: their flags, their output and their exit codes. Your
// own program gets the complete training command with
//
//	//go:embed config.yaml
//	var recipe []byte
//
//	func main() { cli.Train(recipe) }
//
// What the program registers before that, by models.Register, dataset.Register,
// optim.Register, schedule.Register, track.Register and device.Register, has its name and
// its settings in the YAML, in -set, in the help and in errors. With "predict" as its first
// argument the same program classifies images with the trained weights. Commands makes all
// of euryale's commands.
//
// Progress goes to standard error, results to standard output. The exit code is
// Done, Failed, Usage or Stopped.
package cli
