package models

import "strings"

// LayerOf names the layer of a parameter for learning rates that depend on it: the stem,
// each bottleneck, the classifier, as timm groups them.
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

// LayerOf names the layer of a parameter for learning rates that depend on it: each
// layer of the convolution blocks, the classifier, as timm groups them.
func (m *VGG) LayerOf(param string) string {
	if parts := strings.Split(param, "."); parts[0] == "features" && len(parts) > 1 {
		return parts[0] + "." + parts[1]
	}
	return "head"
}
