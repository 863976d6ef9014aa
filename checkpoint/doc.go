// Package checkpoint reads and writes tensors by name as safetensors files, which PyTorch
// and the tools around it read too: 8 bytes with the header's length, a header in JSON,
// and the elements of all tensors, little-endian, row after row, one tensor after another.
//
// Reading trusts nothing: every length is compared with the file's size before memory is
// taken for it, and tensors must fill the file without gap or overlap. Writing replaces
// the file whole or not at all.
//
// Info is what the metadata says of a model, and Match compares a file with the tensors
// that a model needs.
package checkpoint
