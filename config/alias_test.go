package config

import (
	"errors"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for name, want := range map[string]string{
		"optim.lr": "optim.lr", "seed": "seed", "lr": "optim.lr", "learning_rate": "optim.lr", "Learning-Rate": "optim.lr", "LR": "optim.lr",
		"epochs": "train.epochs", "batch_size": "data.batch", "batch-size": "data.batch", "batch": "data.batch", "weight_decay": "optim.weight_decay",
		"wd": "optim.weight_decay", "momentum": "optim.momentum", "model": "model.name", "arch": "model.name", "dataset": "data.set",
		"data_dir": "data.root", "data-path": "data.root", "data": "data.root", "num_workers": "data.workers", "workers": "data.workers",
		"img_size": "data.crop", "image_size": "data.crop", "opt": "optim.name", "optimizer": "optim.name", "warmup": "schedule.warmup_epochs",
		"smoothing": "loss.label_smoothing", "label_smoothing": "loss.label_smoothing", "pretrained": "model.weights", "dropout": "model.dropout",
		"optim.learning_rate": "optim.lr", "optimizer.lr": "optim.lr", "optimizer.learning_rate": "optim.lr", "scheduler.name": "schedule.name",
		"train.num_epochs": "train.epochs", "data.batch_size": "data.batch", "data.drop-last": "data.drop_last", "drop_last": "data.drop_last",
		"clip_grad": "train.clip_norm", "early_stopping": "train.patience", "name": "name", "gamma": "schedule.gamma", "tags": "neptune.tags",
	} {
		if got, err := Find(name); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"decay": "may mean optim.weight_decay, optim.layer_decay", "size": "may mean data.crop, data.resize", "lrr": "the nearest known key is",
		"train.batch_size": "the nearest known key is data.batch", "num_classes": "follow from the classes", "tensorboard": "is a section",
		"": "unknown key", ".": "unknown key", "zebra.": "unknown key", "optim.lrr": "optim.lr", "gpu": "see device",
	} {
		got, err := Find(name)
		if got != "" || !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v, want an error with %q", name, got, err, want)
		}
	}
}

// TestAliases checks that the table names keys that exist, and that no name hides a key.
func TestAliases(t *testing.T) {
	for _, a := range aliases {
		if tree().byPath[a.key] == nil {
			t.Errorf("%s is no key", a.key)
		}
		for _, name := range Aliases(a.key) {
			if tree().byPath[name] != nil {
				t.Errorf("%s is a key itself", name)
			}
			if got, err := Find(name); got != a.key || err != nil {
				t.Errorf("%s: %s, %v, want %s", name, got, err, a.key)
			}
		}
	}
	for name, list := range several {
		if byAlias[name] != "" {
			t.Errorf("%s is an alias of one key and may mean several", name)
		}
		for _, key := range list {
			if tree().byPath[key] == nil {
				t.Errorf("%s: %s is no key", name, key)
			}
		}
	}
	for _, k := range tree().keys { // the last word of a key means it, or is ambiguous, or another key
		word := k.path[strings.LastIndexByte(k.path, '.')+1:]
		if got, err := Find(word); err == nil && got != k.path && tree().byPath[word] == nil && strings.Count(k.path, ".") < 2 { // one that all have comes before an optimizer's own
			t.Errorf("%s means %s, not %s", word, got, k.path)
		}
	}
}

// TestHintsNameKeys checks that every dotted word of a hint is a key, and what a file or
// -set is answered for names from elsewhere.
func TestHintsNameKeys(t *testing.T) {
	for name, hint := range instead {
		if tree().byPath[name] != nil || byAlias[name] != "" || several[name] != nil {
			t.Errorf("%s is known otherwise", name)
		}
		for word := range strings.FieldsFuncSeq(hint, func(r rune) bool { return strings.ContainsRune(" ,;", r) }) {
			if strings.Contains(word, ".") && tree().byPath[word] == nil && word != "metrics.jsonl" {
				t.Errorf("%s: %s is no key", name, word)
			}
		}
	}
	for name, want := range map[string]string{
		"decay": "; it may mean optim.weight_decay, optim.layer_decay", "optim.decay": "; it may mean optim.weight_decay", "amp": ": see precision",
		"T_max": "; see train.epochs", "output-dir": "the flag -out", "grad_clip": "is train.clip_norm", "lr_decay": "schedule.gamma",
		"learning_rate": "is optim.lr", "optm": "is optim", "train.lr": "is optim.lr", "compile": "is name", "model.num_classes": "see data.relabel",
	} {
		c := Default()
		if err := c.Set(name, "1"); !errors.Is(err, ErrUnknownKey) || !strings.HasPrefix(err.Error(), "config: unknown key "+name) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
