package config

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/run"
)

// aliases are other names of keys, as people know them from PyTorch, torchvision, timm,
// Lightning and others: the keys in order of the YAML, each with its names.
var aliases = []struct {
	key   string
	names string
}{
	{"name", "run_name exp_name"},
	{"seed", "random_seed manual_seed"},
	{"threads", "num_threads"},
	{"precision", "dtype"},
	{"model.name", "model arch architecture a net network"},
	{"model.weights", "pretrained initial_checkpoint pretrained_path weights_path"},
	{"model.dropout", "drop drop_rate dropout_rate"},
	{"data.set", "dataset dataset_name"},
	{"data.root", "data data_dir data_path data_root datadir dataset_dir"},
	{"data.batch", "batch_size batchsize bs b train_batch_size"},
	{"data.test_batch", "test_batch_size val_batch_size eval_batch_size validation_batch_size"},
	{"data.workers", "num_workers j"},
	{"data.resize", "resize_size val_resize_size"},
	{"data.crop", "img_size image_size imgsz input_size crop_size train_crop_size val_crop_size"},
	{"data.test_fraction", "test_split val_split validation_split val_fraction test_size"},
	{"augment.crop_scale", "scale"},
	{"augment.crop_ratio", "ratio"},
	{"augment.flip", "hflip hflip_prob"},
	{"augment.mixup", "mixup_alpha"},
	{"augment.random_erasing", "reprob random_erase erasing"},
	{"optim.name", "opt optimizer optim"},
	{"optim.lr", "learning_rate learningrate base_lr"},
	{"optim.weight_decay", "wd l2"},
	{"optim.betas", "opt_betas"},
	{"optim.eps", "opt_eps"},
	{"schedule.name", "schedule scheduler sched lr_scheduler lr_schedule"},
	{"schedule.warmup_epochs", "warmup warm_up lr_warmup_epochs"},
	{"schedule.step_epochs", "decay_epochs step_size lr_step_size"},
	{"schedule.gamma", "decay_rate lr_gamma"},
	{"schedule.min_lr", "lr_min eta_min"},
	{"loss.label_smoothing", "smoothing"},
	{"train.epochs", "num_epochs n_epochs nepochs max_epochs"},
	{"train.max_steps", "steps num_steps max_iters"},
	{"train.patience", "early_stop early_stopping early_stopping_patience"},
	{"train.best", "monitor eval_metric best_metric"},
	{"train.save_every_steps", "save_every checkpoint_every"},
	{"train.clip_norm", "clip clip_grad grad_clip clip_grad_norm max_grad_norm gradient_clip_val"},
	{"train.accumulate", "grad_accum grad_accum_steps accum_iter accumulate_grad_batches gradient_accumulation_steps"},
	{"train.ema", "model_ema ema_decay model_ema_decay"},
	{"track", "logger tracker trackers report_to"},
}

// several are names that may mean one of several keys.
var several = map[string][]string{
	"decay":      {"optim.weight_decay", "optim.layer_decay", "optim.no_bias_decay"},
	"size":       {"data.crop", "data.resize"},
	"scaling":    {"schedule.linear_scaling", "optim.rate_scales"},
	"experiment": {"name", "mlflow.experiment"},
	"project":    {"neptune.project", "mlflow.experiment"},
	"step":       {"train.max_steps", "schedule.step_epochs"},
	"checkpoint": {"model.weights", "train.save_every_steps"},
	"e":          {"train.epochs"},
}

// instead has hints for names that people know from elsewhere and no key has.
var instead = map[string]string{
	"num_classes": "the outputs follow from the classes of the training images; see data.relabel",
	"classes":     "the outputs follow from the classes of the training images; data.drawn_classes is for drawn animals",
	"amp":         "see precision",
	"bf16":        "see precision",
	"fp16":        "see precision",
	"half":        "see precision",
	"gpu":         "see device",
	"gpus":        "see device",
	"cuda":        "see device",
	"criterion":   "the loss is cross-entropy; see loss.label_smoothing",
	"use_amp":     "see precision",

	"output_dir":  "the run's folder is the flag -out; its name is the key name",
	"output":      "the run's folder is the flag -out; its name is the key name",
	"out":         "the run's folder is the flag -out; its name is the key name",
	"save_dir":    "the run's folder is the flag -out; its name is the key name",
	"log_dir":     "the run's folder is the flag -out; other places are in track",
	"resume":      "that is the flag -resume; to start from weights see model.weights",
	"resume_from": "that is the flag -resume; to start from weights see model.weights",

	"t_max":        "a cosine lasts as long as the run; see train.epochs",
	"lr_decay":     "see schedule.name, schedule.gamma and optim.layer_decay",
	"train_dir":    "the folders train and val, or test, are looked for below data.root",
	"val_dir":      "the folders train and val, or test, are looked for below data.root",
	"test_dir":     "the folders train and val, or test, are looked for below data.root",
	"cutmix":       "there is augment.mixup",
	"auto_augment": "see augment.brightness and the keys below it",
	"color_jitter": "see augment.brightness, augment.saturation, augment.hue_scale, augment.contrast",
	"print_freq":   "every step is in " + run.LinesFile + "; see track",
	"log_interval": "every step is in " + run.LinesFile + "; see track",
	"log_every":    "every step is in " + run.LinesFile + "; see track",
}

// sectionAliases are other names of sections.
var sectionAliases = map[string]string{
	"optimizer": "optim", "optimiser": "optim", "scheduler": "schedule", "lr_scheduler": "schedule", "dataset": "data", "training": "train",
	"trainer": "train", "augmentation": "augment", "transforms": "augment",
}

// byAlias has the key of each name in aliases.
var byAlias = func() map[string]string {
	m := map[string]string{}
	for _, a := range aliases {
		for name := range strings.FieldsSeq(a.names) {
			if m[name] != "" {
				panic("config: two keys have the alias " + name)
			}
			m[name] = a.key
		}
	}
	return m
}()

// Find returns the key that a name stands for: the key itself, its last word if no other key
// ends in it, or a name that other programs have for it, such as learning_rate. Capital
// letters and - for _ do not matter. An error matches ErrUnknownKey and names the candidates.
// Set and Load take only keys; Find is for names that people type.
func Find(name string) (key string, err error) {
	if tree().byPath[name] != nil {
		return name, nil
	}
	plain := plainName(name)
	if key := spelled(plain); key != "" {
		return key, nil
	}
	if list := several[plain]; list != nil {
		return "", &keyError{fmt.Sprintf("%s may mean %s", name, strings.Join(list, ", ")), ErrUnknownKey}
	}
	if candidates := meant(plain); len(candidates) == 1 {
		return candidates[0], nil
	} else if len(candidates) > 1 {
		return "", &keyError{fmt.Sprintf("%s may mean %s", name, strings.Join(candidates, ", ")), ErrUnknownKey}
	}
	if hint := instead[plain]; hint != "" {
		return "", &keyError{fmt.Sprintf("there is no key %s: %s", name, hint), ErrUnknownKey}
	}
	if isSection(plain) {
		return "", &keyError{fmt.Sprintf("%s is a section, not a key; %s", plain, keysBelow(plain)), ErrUnknownKey}
	}
	return "", unknown(name)
}

// plainName normalizes a name: lower case, _ for -, no spaces around it.
func plainName(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "-", "_")
}

// spelled is the key with this plain name, or "".
func spelled(plain string) string {
	for _, k := range tree().keys {
		if plainName(k.path) == plain {
			return k.path
		}
	}
	return ""
}

// meant lists the keys that a name may mean: by an alias, else by the last word. If the name
// has a section, only keys of that section count.
func meant(name string) (list []string) {
	section, word, dotted := strings.Cut(name, ".")
	if !dotted {
		if key := byAlias[name]; key != "" {
			return []string{key}
		}
		if list = endingIn(name, false); list == nil {
			list = endingIn(name, true)
		}
		return list
	}
	if s := sectionAliases[section]; s != "" {
		section = s
	}
	if key := spelled(section + "." + word); key != "" {
		return []string{key}
	}
	if key := byAlias[word]; strings.HasPrefix(key, section+".") {
		return []string{key}
	}
	return endingIn(name, true)
}

// endingIn lists the keys whose last word is name: among the settings of registered entries
// if own, else among the keys of every run. The latter have precedence.
func endingIn(name string, own bool) (list []string) {
	for _, k := range tree().keys {
		if (k.own != nil) == own && strings.HasSuffix(plainName(k.path), "."+name) {
			list = append(list, k.path)
		}
	}
	return list
}

// Aliases lists the other names of a key, those that Find knows.
func Aliases(key string) []string {
	for _, a := range aliases {
		if a.key == key {
			return strings.Fields(a.names)
		}
	}
	return nil
}
