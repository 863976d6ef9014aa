// Package transforms prepares 8-bit RGB images for training and testing:
// decoding, resizing, cropping, flipping, colour jitter, normalisation and, after
// it, random erasing, with the arithmetic of Pillow and the sampling of
// torchvision, so that a network trained there gets the same pixels here.
//
// Random transforms draw from the *rand.Rand that they are given and from
// nothing else: the same generator gives the same image.
package transforms
