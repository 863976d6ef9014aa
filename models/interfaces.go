package models

// A model is any nn.Module. It may offer more by the methods of these interfaces; those of
// this package do, as far as the methods have something to return.

// Named is a model that knows the name under which it is registered. Files of weights and
// reports carry the name; without it they carry the model's Go type.
type Named interface {
	// ModelName is the registered name, such as "resnet50".
	ModelName() string
}

// WithHead is a model whose classifier can be replaced when weights of another data set are
// loaded (model.replace_head), and trained alone (model.freeze: backbone).
type WithHead interface {
	// HeadParams are the full names of the parameters of the last layer, such as
	// "fc.weight" and "fc.bias".
	HeadParams() []string
}

// WithAliases is a model whose parameters have other names in the files of other libraries.
type WithAliases interface {
	// Aliases are those names with the model's own.
	Aliases() []Alias
}

var (
	_ Named       = (*ResNet)(nil)
	_ WithHead    = (*ResNet)(nil)
	_ Named       = (*VGG)(nil)
	_ WithHead    = (*VGG)(nil)
	_ WithAliases = (*VGG)(nil)
)

// WithLookalike is a model whose tensors have the names and shapes of another model's, so
// that a file that does not say which of them it is of may be taken for the wrong one.
type WithLookalike interface {
	// Lookalike is the other model's registered name, and what others call it; "": there is
	// none.
	Lookalike() (name, elsewhere string)
}
