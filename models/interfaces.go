package models

// A model is any nn.Module. It may also implement the optional interfaces below; the models
// of this package implement those that apply to them.

// Named is a model that knows its registered name. Weight files and reports contain the
// name; without it they contain the model's Go type.
type Named interface {
	// ModelName is the registered name, such as "resnet50".
	ModelName() string
}

// WithHead is a model whose classifier can be replaced when weights of another data set are
// loaded (model.replace_head), and trained alone (model.freeze: backbone).
type WithHead interface {
	// HeadParams returns the full names of the parameters of the last layer, such as
	// "fc.weight" and "fc.bias".
	HeadParams() []string
}

// WithAliases is a model whose parameters have other names in the files of other libraries.
type WithAliases interface {
	// Aliases returns those names with the model's own.
	Aliases() []Alias
}

// WithLayers is a model that names its layers for optim.layer_decay. For other models the
// first element of a parameter's name is its layer.
type WithLayers interface {
	// LayerOf returns the layer of a parameter, such as "layer1.0" of "layer1.0.conv1.weight".
	LayerOf(param string) string
}

var (
	_ Named       = (*ResNet)(nil)
	_ WithHead    = (*ResNet)(nil)
	_ WithLayers  = (*ResNet)(nil)
	_ Named       = (*VGG)(nil)
	_ WithHead    = (*VGG)(nil)
	_ WithAliases = (*VGG)(nil)
	_ WithLayers  = (*VGG)(nil)
)

// WithLookalike is a model whose tensors have the same names and shapes as another model's,
// so that a file without the model's name may be loaded into the wrong model.
type WithLookalike interface {
	// Lookalike returns the other model's registered name, and its name in other libraries;
	// "" if there is none.
	Lookalike() (name, elsewhere string)
}
