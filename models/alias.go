package models

// Alias is another library's name of a parameter, and its shape there.
type Alias struct {
	Theirs, Ours string
	// TheirShape and OurShape have the same elements in the same order; nil means that the
	// shape is the same.
	TheirShape, OurShape []int
}

// Aliases returns timm's names for the classifier, whose hidden layers are convolutions
// in timm. All other names are the same in torchvision and timm.
func (m *VGG) Aliases() []Alias {
	hidden := m.config.Hidden
	if hidden == 0 {
		hidden = 4096
	}
	in := vggStages[len(vggStages)-1][1]
	return []Alias{
		{"pre_logits.fc1.weight", "classifier.0.weight", []int{hidden, in, vggPool, vggPool}, []int{hidden, in * vggPool * vggPool}},
		{"pre_logits.fc1.bias", "classifier.0.bias", nil, nil},
		{"pre_logits.fc2.weight", "classifier.3.weight", []int{hidden, hidden, 1, 1}, []int{hidden, hidden}},
		{"pre_logits.fc2.bias", "classifier.3.bias", nil, nil},
		{"head.fc.weight", "classifier.6.weight", nil, nil},
		{"head.fc.bias", "classifier.6.bias", nil, nil},
	}
}
