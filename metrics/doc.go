// Package metrics counts how well a classifier does: accuracy, balanced accuracy,
// top-k, the confusion matrix, and weighted means such as a loss over batches.
//
// Add counts a batch, and the value can be read at any time. Merge adds the counts of another
// metric of the same kind, from other batches or another process: the value is then that of
// all images together, however they were divided. Labels and predictions are indices of
// classes from 0. A bad label is an error, and nothing of its batch is counted. Before
// anything is counted, values are NaN.
//
// A metric is not safe for concurrent use.
package metrics
