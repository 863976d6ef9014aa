// Package models holds complete networks, one architecture a file, and a registry by
// name: New("resnet50d", Config{Classes: 37}). Names and order of parameters are
// torchvision's for VGG-16 and ResNet-50 in forms A and B, timm's for forms C and D.
//
// Models are nn.Modules; Register gives a custom model a name for configuration files and
// commands.
package models
