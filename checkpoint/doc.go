// Package checkpoint reads and writes tensors by name as safetensors files, which PyTorch
// and the tools around it read too: 8 bytes with the header's length, a header in JSON,
// and the elements of all tensors, little-endian, row after row, one tensor after another.
//
// Reading trusts nothing: every length is compared with the file's size before memory is
// taken for it, and tensors must fill the file without gap or overlap. Writing replaces
// the file whole or not at all.
//
// Files of torch.save (.pth) are read too. Nothing in them is run: a class or function that
// is not known here is a name with the values that it was given.
//
// Open lists the tensors of a file, and Source.Match finds those of a model among them,
// whatever dictionaries and prefixes they lie below; see Choice. Info is what the metadata
// holds about a model.
package checkpoint
