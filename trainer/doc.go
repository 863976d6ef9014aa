// Package trainer trains image classifiers. A Session is one model on one device with
// its optimizer: forward, loss, backward and update in one call, for custom training
// loops. A Trainer is the complete loop: epochs, evaluation, run folder, checkpoints,
// resuming, hooks; FindRate searches for a learning rate before it.
//
// The package prints nothing and draws nothing: progress, figures and trackers are
// hooks that a program attaches.
package trainer
