// Package viz draws what a run leaves to look at, as PNG files: the batch before
// and after augmentation, curves, the confusion matrix, several runs compared.
//
// It reads plain values and files only. Nothing of the training imports it; cli
// attaches it to a trainer as hooks.
package viz
