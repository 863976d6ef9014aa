// Package tensorboard writes event files that TensorBoard shows: scalars, pictures,
// texts, and the settings in its table of hyperparameters.
//
// The files are in the folder "tensorboard" of a run's folder; tensorboard --logdir with the
// parent folder of several runs compares them.
package tensorboard
