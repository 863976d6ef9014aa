package config

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
)

// Format is the version of the YAML that this package writes, and the newest
// that it reads.
const Format = 1

// Config holds every setting of a training run. The tags of a field are yaml, its key;
// range, the interval of its numbers; oneof, its words; absent, words that only other builds
// have; help, its meaning. The names of devices, optimizers, schedules, models and data sets
// are those that are registered (package registry); an entry's own settings are read with
// Settings. Default has the default values.
//
// A Config may be copied by assignment: Set and Load do not change the lists and maps that
// copies share.
type Config struct {
	Name      string   `yaml:"name" help:"name of the run and its folder; empty = <model>-<set>-<optim>-lr<lr>-bs<batch>[-tricks]"`
	Seed      uint64   `yaml:"seed" help:"seed of weights, order of images, augmentation and dropout"`
	Threads   int      `yaml:"threads" range:"[0,4096]" resume:"free" help:"threads of the engine; 0 = all that the container allows"`
	Device    string   `yaml:"device" absent:"cuda,cuda:N" resume:"free" help:"where the network runs"`
	Precision string   `yaml:"precision" oneof:"float32,bfloat16,float64" help:"float type of the network; bfloat16 stores activations in half the memory; float64 is the CPU's plain reference"`
	Model     Model    `yaml:"model"`
	Data      Data     `yaml:"data"`
	Augment   Augment  `yaml:"augment"`
	Optim     Optim    `yaml:"optim"`
	Schedule  Schedule `yaml:"schedule"`
	Loss      Loss     `yaml:"loss"`
	Train     Train    `yaml:"train"`
	Track     []string `yaml:"track" resume:"free" help:"where metrics go besides the run's JSONL and CSV"`

	own   map[string]any  // settings of registered entries, by section; absent: their defaults
	given map[string]bool // the keys that Load and Set were given
	// Load and Set replace these maps and never change them, since copies share them.
}

// Model chooses the network and what it starts from.
type Model struct {
	Name             string   `yaml:"name" help:"architecture"`
	Weights          string   `yaml:"weights" help:"weights to start from: a .safetensors or .pth file of torchvision, timm or Euryale, or a run's folder for its best ones; empty = fresh ones"`
	WeightsKey       string   `yaml:"weights_key" help:"part of the file of weights to take, such as model_ema; empty = what fits the model best"`
	AnyForm          bool     `yaml:"any_form" help:"take weights that do not say their form, as torchvision's, into form A of a ResNet"`
	ReplaceHead      bool     `yaml:"replace_head" help:"start with a fresh classifier where the file's has another size"`
	Freeze           []string `yaml:"freeze" resume:"free" help:"patterns of parameter names that stay as they are, such as conv1.*; backbone = all but the classifier"`
	FreezeStatistics bool     `yaml:"freeze_statistics" resume:"free" help:"frozen BatchNorms train by their running statistics and keep them; all BatchNorms if none is frozen"`
	ZeroGamma        bool     `yaml:"zero_gamma" help:"γ = 0 in the last BatchNorm of each residual block"`
	Dropout          float64  `yaml:"dropout" range:"[0,1)" help:"probability of dropout in the classifier"`
}

// Data chooses the images and how they are read.
type Data struct {
	Set          string     `yaml:"set" help:"images; auto = the pets if they are found, else drawn with the quick profile"`
	Root         string     `yaml:"root" resume:"free" help:"the set's folder; empty = ./data/<set>, $EURYALE_DATA or the user's cache folder; a resumed run takes another place of the same images"`
	Download     bool       `yaml:"download" help:"fetch the set into the user's cache folder"`
	URL          string     `yaml:"url" help:"address to download from; empty = the set's own"`
	Archives     []string   `yaml:"archives" help:"local archive files to unpack instead of a download"`
	TrainList    string     `yaml:"train_list" help:"list of training images: a name in annotations/ or a path"`
	TestList     string     `yaml:"test_list" help:"list of test images: a name in annotations/ or a path"`
	Relabel      bool       `yaml:"relabel" help:"outputs only for the classes of the training list, in order of id; false = all of the set"`
	Batch        int        `yaml:"batch" range:"[1,65536]" help:"images a training step"`
	TestBatch    int        `yaml:"test_batch" range:"[0,65536]" help:"images a test step; 0 = as batch"`
	Workers      int        `yaml:"workers" range:"[0,4096]" resume:"free" help:"goroutines that decode and augment; 0 = all cores"`
	Shuffle      bool       `yaml:"shuffle" help:"another order of the training images in each epoch"`
	DropLast     bool       `yaml:"drop_last" help:"leave out the last short training batch"`
	Resize       int        `yaml:"resize" range:"[1,8192]" help:"short side of test images in pixels, at least crop"`
	Crop         int        `yaml:"crop" range:"[1,8192]" help:"side of the square that the network sees, in training and testing"`
	Mean         [3]float64 `yaml:"mean" range:"[-1000,1000]" help:"subtracted from red, green, blue of 0 to 1"`
	Std          [3]float64 `yaml:"std" range:"(0,1000]" help:"divides red, green, blue after that"`
	OnBadImage   string     `yaml:"on_bad_image" oneof:"skip,stop" help:"handling of an unreadable image; skip names and counts it once"`
	DrawnClasses int        `yaml:"drawn_classes" range:"[2,37]" help:"classes of the drawn set"`
	DrawnImages  int        `yaml:"drawn_images" range:"[1,100000]" help:"training images a class of the drawn set"`
	TestFraction float64    `yaml:"test_fraction" range:"(0,1)" help:"share of an image folder without test images of its own that is tested on, by a hash of each file's path"`
	SplitSeed    uint64     `yaml:"split_seed" help:"seed of that split; the run's seed does not change it"`
	Augment      bool       `yaml:"augment" help:"false = training images go through the test transforms, without random_erasing; mixup, which works on batches, stays"`
}

// Augment are the random transforms of a training image. Pairs are low,high.
type Augment struct {
	CropScale     [2]float64 `yaml:"crop_scale" range:"(0,1]" help:"share of the image's area that is cut out"`
	CropRatio     [2]float64 `yaml:"crop_ratio" range:"[0.001,1000]" help:"width over height of the cut"`
	Flip          float64    `yaml:"flip" range:"[0,1]" help:"probability of mirroring left and right"`
	Brightness    [2]float64 `yaml:"brightness" range:"[0,1000]" help:"factor; 1,1 = off"`
	Saturation    [2]float64 `yaml:"saturation" range:"[0,1000]" help:"factor; 1,1 = off"`
	HueScale      [2]float64 `yaml:"hue_scale" range:"[0,1000]" help:"factor of the hue; 1,1 = off"`
	Contrast      [2]float64 `yaml:"contrast" range:"[0,1000]" help:"factor; 1,1 = off"`
	HueShift      [2]float64 `yaml:"hue_shift" range:"[-0.5,0.5]" help:"turns added to the hue; 0,0 = off"`
	Mixup         float64    `yaml:"mixup" range:"[0,1000]" help:"α of the Beta(α, α) distribution whose draw mixes each batch with itself; 0 = off, 0.2 is usual"`
	RandomErasing float64    `yaml:"random_erasing" range:"[0,1]" help:"probability of erasing a rectangle of 0.02 to 0.33 of the area; 0 = off, 0.25 is usual"`
}

// Optim is the optimizer.
type Optim struct {
	Name        string     `yaml:"name" help:"optimizer"`
	LR          float64    `yaml:"lr" range:"(0,inf)" help:"learning rate"`
	Momentum    float64    `yaml:"momentum" range:"[0,1)" help:"share of the last step's direction that is kept"`
	Nesterov    bool       `yaml:"nesterov" help:"Nesterov's momentum, as PyTorch has it"`
	WeightDecay float64    `yaml:"weight_decay" range:"[0,inf)" help:"times the weight: added to the gradient, or, where the decay is decoupled, taken off the weight by itself"`
	NoBiasDecay bool       `yaml:"no_bias_decay" help:"biases, γ and β do not decay"`
	Betas       [2]float64 `yaml:"betas" range:"[0,1)" order:"any" help:"decay of the means of the gradient and of its square"`
	Eps         float64    `yaml:"eps" range:"(0,inf)" help:"added to the root of the mean square"`
	LayerDecay  float64    `yaml:"layer_decay" range:"(0,1]" help:"factor of the learning rate from each layer to the one before; 1 = off"`
	RateScales  []string   `yaml:"rate_scales" help:"pattern=factor of the learning rates of parameters, such as fc.*=10; the first that matches counts"`
}

// RateScale is an entry of RateScales.
type RateScale struct {
	Pattern string
	Factor  float64
}

// ParseRateScales reads RateScales.
func (o Optim) ParseRateScales() (list []RateScale, err error) {
	for _, text := range o.RateScales {
		pattern, factor, ok := strings.Cut(text, "=")
		r := RateScale{Pattern: strings.TrimSpace(pattern)}
		r.Factor, err = strconv.ParseFloat(strings.TrimSpace(factor), 64)
		_, badPattern := path.Match(r.Pattern, "")
		if !ok || err != nil || badPattern != nil || r.Pattern == "" || !(r.Factor >= 0) || math.IsInf(r.Factor, 1) {
			return nil, &keyError{fmt.Sprintf("optim.rate_scales = %q: want pattern=factor, such as fc.*=10", text), ErrRange}
		}
		list = append(list, r)
	}
	return list, nil
}

// Schedule is the course of the learning rate over the run.
type Schedule struct {
	Name          string  `yaml:"name" help:"learning rate over the run"`
	WarmupEpochs  int     `yaml:"warmup_epochs" range:"[0,1000000]" help:"epochs in which the rate grows linearly from 0"`
	StepEpochs    int     `yaml:"step_epochs" range:"[1,1000000]" help:"epochs between decays"`
	Gamma         float64 `yaml:"gamma" range:"(0,inf)" help:"factor of each decay"`
	MinLR         float64 `yaml:"min_lr" range:"[0,inf)" help:"where the rate ends"`
	LinearScaling bool    `yaml:"linear_scaling" help:"multiply the rate by effective batch / base_batch"`
	BaseBatch     int     `yaml:"base_batch" range:"[1,1000000]" help:"the batch that lr is meant for, for linear_scaling"`
}

// Loss is the training loss, softmax cross-entropy.
type Loss struct {
	LabelSmoothing float64 `yaml:"label_smoothing" range:"[0,1)" help:"ε of (1-ε)·one-hot + ε/classes; not in the test loss"`
}

// Train is the length of a run, and how a step is made.
type Train struct {
	Epochs         int     `yaml:"epochs" range:"[1,1000000]" resume:"free" help:"passes over the training images"`
	MaxSteps       int     `yaml:"max_steps" range:"[0,1000000000]" resume:"free" help:"ends the run after so many steps; 0 = no limit"`
	Patience       int     `yaml:"patience" range:"[0,1000000]" resume:"free" help:"stops after so many epochs without a better one, see best; 0 = off"`
	Best           string  `yaml:"best" help:"metric of the test that the best epoch is chosen by: accuracy, balanced_accuracy, top5_accuracy, loss (lower is better), or NAME or min:NAME that a hook measures"`
	SaveEverySteps int     `yaml:"save_every_steps" range:"[0,1000000000]" help:"steps between checkpoints; 0 = one each epoch"`
	ClipNorm       float64 `yaml:"clip_norm" range:"[0,inf)" help:"largest norm of the gradient; 0 = off"`
	Accumulate     int     `yaml:"accumulate" range:"[1,65536]" help:"batches whose gradients make one step"`
	EMA            float64 `yaml:"ema" range:"[0,1)" help:"decay of a moving average of the weights; 0 = off"`
}

// Default is the configuration of a run without any given settings.
func Default() Config {
	return Config{
		Seed: 42, Device: "auto", Precision: "float32",
		Model: Model{Name: "vgg16", Dropout: 0.5},
		Data: Data{
			Set: "auto", TrainList: "trainval.txt", TestList: "test.txt", Batch: 64, Shuffle: true, Resize: 256, Crop: 224,
			Mean: [3]float64{0.485, 0.456, 0.405}, Std: [3]float64{0.229, 0.224, 0.225}, OnBadImage: "skip",
			DrawnClasses: 37, DrawnImages: 100, TestFraction: 0.2, Augment: true,
		},
		Augment: Augment{
			CropScale: [2]float64{0.08, 1}, CropRatio: [2]float64{0.75, 1.3333}, Flip: 0.5,
			Brightness: [2]float64{0.6, 1.4}, Saturation: [2]float64{0.6, 1.4}, HueScale: [2]float64{0.6, 1.4},
			Contrast: [2]float64{1, 1},
		},
		Optim: Optim{
			Name: "sgd", LR: 1e-3, Momentum: 0.9, WeightDecay: 5e-4, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, LayerDecay: 1,
		},
		Schedule: Schedule{Name: "constant", StepEpochs: 30, Gamma: 0.1, BaseBatch: 256},
		Train:    Train{Epochs: 100, Accumulate: 1, Best: "accuracy"},
	}
}
