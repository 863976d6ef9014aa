package device

// row holds the properties of a kind. Its meaning is defined by device/ref. Each method of
// Kind returns one field and describes it.
type row struct {
	name string
	attr any
	// in and out are the operands and results in order; the last entry is valid for all after it.
	in, out []Operand

	elementwise bool
	update      bool
	accumulates bool
	fused       bool
	activates   bool
	pools       bool
	constant    bool // no gradient passes through it
	overwrites  [][2]int
	flops       func(*Step) int64
}

// list abbreviates the table.
type list = []Operand

// Pairs {result, operand} that share memory.
var (
	overFirst  = [][2]int{{0, 0}}
	overSecond = [][2]int{{0, 1}}
	overBoth   = [][2]int{{0, 0}, {0, 1}}
)

var table = [numKinds]row{
	Host:  {name: "Host", in: list{Any}, out: list{Alike}},
	Group: {name: "Group", attr: GroupAttr{}, in: list{Any}, out: list{Alike}, fused: true},

	Conv2D: {name: "Conv2D", attr: ConvAttr{}, in: list{Features, Weight, Parameter}, out: list{Features},
		flops: convFLOPs, activates: true},
	Conv2DGradInput:  {name: "Conv2DGradInput", attr: ConvAttr{}, in: list{Features, Weight}, out: list{Features}, flops: convFLOPs, accumulates: true},
	Conv2DGradWeight: {name: "Conv2DGradWeight", attr: ConvAttr{}, in: list{Features, Features}, out: list{Parameter}, flops: convFLOPs, accumulates: true},
	BiasAdd: {name: "BiasAdd", attr: BiasAttr{}, in: list{Features, Parameter}, out: list{Features},
		overwrites: overFirst, activates: true},
	ChannelSum: {name: "ChannelSum", in: list{Features}, out: list{Parameter}, accumulates: true},

	BatchNormStats: {name: "BatchNormStats", in: list{Features}, out: list{Statistics}},
	BatchNormPack:  {name: "BatchNormPack", in: list{Parameter, Parameter}, out: list{Statistics}},
	BatchNormApply: {name: "BatchNormApply", attr: BatchNormAttr{},
		in: list{Features, Statistics, Parameter, Parameter, Features}, out: list{Features}, activates: true},
	BatchNormGradStats: {name: "BatchNormGradStats", attr: BatchNormAttr{}, in: list{Features, Features, Statistics, Any, Parameter}, out: list{Statistics}},
	BatchNormGradInput: {name: "BatchNormGradInput", attr: BatchNormAttr{},
		in: list{Features, Features, Parameter, Statistics, Statistics, Any}, out: list{Features}, overwrites: overSecond},
	BatchNormEvalGradInput: {name: "BatchNormEvalGradInput", attr: BatchNormAttr{},
		in: list{Features, Parameter, Statistics, Features, Parameter}, out: list{Features}, overwrites: overFirst},
	Row:         {name: "Row", attr: RowAttr{}, in: list{Statistics}, out: list{Parameter}},
	RunningStat: {name: "RunningStat", attr: RunningStatAttr{}, in: list{Parameter, Statistics}, out: list{Parameter}, overwrites: overFirst, update: true},
	BatchNormUpdate: {name: "BatchNormUpdate", attr: BatchNormUpdateAttr{}, in: list{Features, Parameter, Parameter},
		out: list{Statistics, Parameter, Parameter}, overwrites: [][2]int{{1, 1}, {2, 2}}, fused: true},

	Activate:     {name: "Activate", attr: ActAttr{}, in: list{Alike}, out: list{Alike}, overwrites: overFirst, elementwise: true},
	ActivateGrad: {name: "ActivateGrad", attr: ActAttr{}, in: list{Alike, Alike}, out: list{Alike}, overwrites: overSecond, elementwise: true},
	Add: {name: "Add", attr: AddAttr{}, in: list{Alike, Alike}, out: list{Alike},
		overwrites: overBoth, elementwise: true, activates: true},

	MaxPool:             {name: "MaxPool", attr: PoolAttr{}, in: list{Features}, out: list{Features}, pools: true},
	MaxPoolGrad:         {name: "MaxPoolGrad", attr: PoolAttr{}, in: list{Features, Features}, out: list{Features}},
	AvgPool:             {name: "AvgPool", attr: PoolAttr{}, in: list{Features}, out: list{Features}, pools: true},
	AvgPoolGrad:         {name: "AvgPoolGrad", attr: PoolAttr{}, in: list{Features}, out: list{Features}},
	AdaptiveAvgPool:     {name: "AdaptiveAvgPool", attr: AdaptivePoolAttr{}, in: list{Features}, out: list{Features}, pools: true},
	AdaptiveAvgPoolGrad: {name: "AdaptiveAvgPoolGrad", attr: AdaptivePoolAttr{}, in: list{Features}, out: list{Features}},

	Linear: {name: "Linear", attr: LinearAttr{}, in: list{Features, Weight, Parameter}, out: list{Features},
		flops: linearFLOPs, activates: true},
	LinearGradInput:  {name: "LinearGradInput", in: list{Features, Weight}, out: list{Features}, flops: linearGradFLOPs, accumulates: true},
	LinearGradWeight: {name: "LinearGradWeight", in: list{Features, Features}, out: list{Parameter}, flops: linearGradFLOPs},
	LinearUpdate: {name: "LinearUpdate", attr: SGDAttr{}, in: list{Features, Features, Parameter}, out: list{Parameter},
		overwrites: [][2]int{{0, 2}, {1, 3}}, flops: linearGradFLOPs, update: true, fused: true},

	Dropout: {name: "Dropout", attr: DropoutAttr{}, in: list{Features, Integers}, out: list{Features}, overwrites: overFirst},
	Reshape: {name: "Reshape", in: list{Any}, out: list{Features}},
	Cast:    {name: "Cast", in: list{Parameter}, out: list{Weight}, fused: true},
	Scale:   {name: "Scale", in: list{Alike, Scalar}, out: list{Alike}, overwrites: overFirst, elementwise: true},

	Softmax:                 {name: "Softmax", in: list{Scores}, out: list{Scores}, constant: true},
	SoftmaxCrossEntropy:     {name: "SoftmaxCrossEntropy", attr: CrossEntropyAttr{}, in: list{Scores, Scores}, out: list{Scalar}},
	SoftmaxCrossEntropyGrad: {name: "SoftmaxCrossEntropyGrad", attr: CrossEntropyAttr{}, in: list{Scores, Scores, Scalar}, out: list{Scores}},
	ArgMax:                  {name: "ArgMax", in: list{Scores}, out: list{Integers}, constant: true},
	ClassificationLoss:      {name: "ClassificationLoss", attr: CrossEntropyAttr{}, in: list{Scores, Scores, Scalar}, out: list{Scalar, Scores, Integers}, fused: true},

	SGDVelocity: {name: "SGDVelocity", attr: SGDAttr{}, in: list{Parameter}, out: list{Parameter}, overwrites: overFirst, elementwise: true, update: true},
	SGDWeight: {name: "SGDWeight", attr: SGDAttr{}, in: list{Parameter, Parameter, Scalar, Parameter}, out: list{Parameter},
		overwrites: overFirst, elementwise: true, update: true},
	SGD: {name: "SGD", attr: SGDAttr{}, in: list{Parameter}, out: list{Parameter},
		overwrites: [][2]int{{0, 0}, {1, 1}}, elementwise: true, update: true, fused: true},

	Lerp:       {name: "Lerp", attr: LerpAttr{}, in: list{Parameter, Parameter}, out: list{Parameter}, overwrites: overFirst, elementwise: true, update: true},
	SquareLerp: {name: "SquareLerp", attr: LerpAttr{}, in: list{Parameter, Parameter}, out: list{Parameter}, overwrites: overFirst, elementwise: true, update: true},
	AdamWeight: {name: "AdamWeight", attr: AdamAttr{}, in: list{Parameter, Parameter, Parameter, Scalar, Scalar}, out: list{Parameter},
		overwrites: overFirst, elementwise: true, update: true},
	LionWeight: {name: "LionWeight", attr: LionAttr{}, in: list{Parameter, Parameter, Parameter, Scalar}, out: list{Parameter},
		overwrites: overFirst, elementwise: true, update: true},
	SumSquares: {name: "SumSquares", in: list{Any}, out: list{Scalar}, constant: true},
}

func convFLOPs(s *Step) int64 { return 2 * s.Attr.(ConvAttr).MultiplyAdds() }

// linearFLOPs is that of x [N, K] and w [O, K].
func linearFLOPs(s *Step) int64 { return 2 * int64(s.In[0].Elements()) * int64(s.In[1].Shape[0]) }

// linearGradFLOPs is that of dy [N, O] and w [O, K], or of x [N, K] and dy [N, O].
func linearGradFLOPs(s *Step) int64 {
	return 2 * int64(s.In[0].Elements()) * int64(s.In[1].Shape[1])
}
