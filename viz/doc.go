// Package viz draws the pictures of a run, as PNG or SVG files: the batch before and
// after augmentation, curves, the confusion matrix, several runs compared.
//
// It reads plain values and files only. Package trainer does not import it; cli attaches
// it to a trainer as hooks.
package viz
