// Package dataset reads labelled images and makes batches of them: the
// Oxford-IIIT Pet set, folders of images, animals drawn from a seed, and the
// sets that a program registers. A Loader decodes and augments on all cores
// ahead of the training step; it also does random erasing and mixup, which
// work on normalised images and on complete batches.
package dataset
