// Package metrics counts how well a classifier does: accuracy, balanced accuracy,
// top-k, the confusion matrix, and weighted means such as a loss over batches.
//
// Every metric takes one batch after another by Add, tells its value at any time, and
// takes in what another of its kind has counted, of other batches or another rank, by
// Merge: the value is then that of all images together, whatever the cut. Labels and
// predictions are indices of classes from 0. A bad label is an error and the batch it is
// in leaves no trace. Before anything is counted, values are NaN.
//
// A metric is not safe for concurrent use.
package metrics
