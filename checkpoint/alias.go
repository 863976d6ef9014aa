package checkpoint

import "slices"

// Alias is another library's name, and perhaps shape, for a tensor: timm's VGG calls
// classifier.0.weight pre_logits.fc1.weight, and stores it as a convolution.
type Alias struct {
	Theirs, Ours string
	// TheirShape and OurShape have the same elements in the same order; nil: the shapes are
	// equal.
	TheirShape, OurShape []int
}

// Rename returns a file with our names and shapes for the tensors that have an alias. Other
// tensors, and shapes that are not TheirShape, stay. f itself is not changed.
func Rename(f *File, aliases []Alias) *File {
	return rename(f, aliases, func(a Alias) (from, to string, before, after []int) {
		return a.Theirs, a.Ours, a.TheirShape, a.OurShape
	})
}

// RenameBack is the inverse of Rename: it returns a file with the aliases' names and shapes.
func RenameBack(f *File, aliases []Alias) *File {
	return rename(f, aliases, func(a Alias) (from, to string, before, after []int) {
		return a.Ours, a.Theirs, a.OurShape, a.TheirShape
	})
}

func rename(f *File, aliases []Alias, sides func(Alias) (from, to string, before, after []int)) *File {
	out := &File{Metadata: f.Metadata, Tensors: slices.Clone(f.Tensors)}
	for i, t := range out.Tensors {
		for _, a := range aliases {
			from, to, before, after := sides(a)
			if t.Name != from {
				continue
			}
			out.Tensors[i].Name = to
			if before != nil && slices.Equal(t.Shape, before) {
				out.Tensors[i].Shape = after
			}
			break
		}
	}
	return out
}
