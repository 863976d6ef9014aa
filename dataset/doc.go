// Package dataset reads labelled images and makes batches of them: the
// Oxford-IIIT Pet set, folders of images, animals drawn from a seed, and what a
// program of one's own registers. A Loader decodes and augments on all cores
// ahead of the training step; random erasing and mixup, which work on normalised
// images and whole batches, are its part too.
package dataset
