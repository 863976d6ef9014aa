// Package blocks holds what VGG and ResNet are made of. Each block is an nn.Module;
// its parameters have the names of torchvision or, where that has none, of timm.
package blocks
