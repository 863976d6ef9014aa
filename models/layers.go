package models

import "strings"

// LayerOf returns the layer of a parameter for optim.LayerDecay: the stem, each bottleneck
// and the classifier are a layer each, as in timm.
func (m *ResNet) LayerOf(param string) string {
	parts := strings.Split(param, ".")
	switch {
	case parts[0] == "conv1" || parts[0] == "bn1":
		return "stem"
	case strings.HasPrefix(parts[0], "layer") && len(parts) > 1:
		return parts[0] + "." + parts[1]
	}
	return "head"
}

// LayerOf returns the layer of a parameter for optim.LayerDecay: each layer of the
// convolution blocks and the classifier are a layer each, as in timm.
func (m *VGG) LayerOf(param string) string {
	if parts := strings.Split(param, "."); parts[0] == "features" && len(parts) > 1 {
		return parts[0] + "." + parts[1]
	}
	return "head"
}
