package checkpoint

import "slices"

// Alias is another name of a tensor, and perhaps another shape: timm's VGG calls
// classifier.0.weight pre_logits.fc1.weight, and has it as a convolution.
type Alias struct {
	Theirs, Ours string
	// TheirShape and OurShape are of the same elements in the same order; nil means that
	// the shape is the same.
	TheirShape, OurShape []int
}

// Rename gives the tensors of a file our names and shapes. Tensors without an alias, and
// shapes that are not TheirShape, stay. The file itself is not changed.
func Rename(f *File, aliases []Alias) *File {
	return rename(f, aliases, func(a Alias) (from, to string, before, after []int) {
		return a.Theirs, a.Ours, a.TheirShape, a.OurShape
	})
}

// RenameBack gives the tensors of a file their names and shapes.
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
