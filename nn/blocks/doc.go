// Package blocks holds the building blocks of VGG and ResNet. Each block is an nn.Module;
// its parameters have torchvision's names or, for models that torchvision lacks, timm's.
package blocks
