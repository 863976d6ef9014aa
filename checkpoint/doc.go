// Package checkpoint reads and writes tensors by name as safetensors files, which PyTorch
// and the tools around it read too: 8 bytes with the header's length, a header in JSON,
// and the elements of all tensors, little-endian, row after row, one tensor after another.
//
// Files are not trusted: every length is compared with the file's size before memory is
// allocated for it, and tensors must fill the file without gap or overlap. Writing is atomic:
// it replaces the file completely or not at all.
//
// Files of torch.save (.pth) are read too. No code in them is run: an unknown class or
// function becomes its name with its arguments.
//
// Open lists the tensors of a file, and Source.Match finds those of a model among them,
// below any dictionaries and prefixes; see Choice. Info is the metadata about a model.
package checkpoint
