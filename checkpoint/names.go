package checkpoint

import (
	"slices"
	"strings"
)

// Usual names of state dicts, as keys of dictionaries and as the beginnings of names. The
// order decides between parts of a file that fit a model equally well.
var usualNames = []string{
	"state_dict", "model_state_dict", "model", "model_state", "net", "network", "params", "module", "weights", "model_weights",
	"_orig_mod", "net_state_dict", "network_state_dict", "model_dict", "state", "params_g", "pretrained_model", "classifier",
	"student", "generator", "online_network", "online_encoder", "encoder_q", "base_encoder", "backbone", "encoder", "trunk",
	"base_model", "feature_extractor", "model_orig", "_forward_module", "_fsdp_wrapped_module", "ddp_model", "learner", "0",
}

// averageWords are words in the names of averages of weights, unusualWords words in the names
// of tensors that have a model's shapes but are not its weights.
var (
	averageWords = []string{"ema", "swa", "averaged", "average", "avg", "teacher", "shadow", "polyak"}
	unusualWords = []string{
		"optimizer", "optimizers", "optim", "opt", "momentum", "velocity", "grad", "grads", "gradients", "mask", "masks",
		"scheduler", "target", "k", "init", "initial", "initialization", "prev", "previous", "old", "backup", "fisher", "variance", "delta",
	}
)

// wrappers are modules that other libraries put around a model or a part of it; their names
// may then be anywhere in the names of parameters.
var wrappers = []string{"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module", "_fpw_module"}

// Ranks of prefixes: of those that fit equally well the lowest rank is taken.
const (
	rankAverage = iota
	rankUsual
	rankOther
	rankUnusual
)

// rank sorts a prefix, keys of dictionaries included; order is within the rank.
func rank(prefix string) (rank, order int) {
	rank = rankUsual
	parts := strings.FieldsFunc(prefix, func(r rune) bool { return r == '.' || string(r) == border })
	for i, part := range parts {
		part = strings.ToLower(part)
		words := strings.FieldsFunc(part, func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
		has := func(list []string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
		}
		at := slices.Index(usualNames, part)
		switch {
		case at < 0 && (has(unusualWords) || strings.HasPrefix(part, "exp_avg")):
			return rankUnusual, 0
		case has(averageWords):
			rank = rankAverage
		case at < 0 && rank == rankUsual:
			rank = rankOther
		}
		if i == 0 {
			order = at + 1
			if at < 0 {
				order = len(usualNames)
			}
		}
	}
	return rank, order
}

// withoutWrappers removes the names of wrappers from a name.
func withoutWrappers(name string) string {
	if !slices.ContainsFunc(wrappers, func(w string) bool { return strings.Contains(name, w) }) {
		return name
	}
	parts := strings.Split(name, ".")
	return strings.Join(slices.DeleteFunc(parts, isWrapper), ".")
}

func isWrapper(part string) bool { return slices.Contains(wrappers, part) }

// prefixes may precede every name in files of wrapped models.
var prefixes = []string{"module.", "_orig_mod.", "model."}

// withoutPrefix removes a prefix that every name with a dot has, unless two names would
// become equal. Names without a dot, such as the counter n_averaged, stay.
func withoutPrefix(names []string) []string {
	for again := true; again; {
		again = false
		for _, p := range prefixes {
			short, seen, found := slices.Clone(names), map[string]bool{}, false
			same := !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, ".") && !strings.HasPrefix(n, p) })
			for i, n := range names {
				short[i] = strings.TrimPrefix(n, p)
				found = found || short[i] != n
				same = same && short[i] != "" && !seen[short[i]]
				seen[short[i]] = true
			}
			if same && found {
				names, again = short, true
			}
		}
	}
	return names
}

// usual chooses the tensors of a state dict by the names of dictionaries only, and returns
// them with their names in it.
func (s *Source) usual() (items []*item, names []string, err error) {
	of := map[string][]*item{}
	var order []string
	for _, it := range s.items {
		if of[it.where] == nil {
			order = append(order, it.where)
		}
		of[it.where] = append(of[it.where], it)
	}
	if len(order) == 0 && s.pickled {
		return nil, nil, errPickle("it holds no state dict: no tensor is in it; it holds %s", s.holds)
	}
	key := func(where string) []int {
		r, at := rank(where)
		switch {
		case where != "" && r <= rankUsual:
			return []int{0, r, at}
		case r == rankUnusual:
			return []int{2, -len(of[where])}
		}
		return []int{1, -len(of[where])}
	}
	best := ""
	if len(order) > 0 {
		best = slices.MinFunc(order, func(a, b string) int { return slices.Compare(key(a), key(b)) })
	}
	for _, it := range of[best] {
		names = append(names, it.name)
	}
	if _, own := s.metadata[FormatKey]; !own {
		names = withoutPrefix(names)
	}
	return of[best], names, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
