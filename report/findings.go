package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/run"
)

// asked describes the question that the runs answer, as far as their settings show it.
func (r *Report) asked() []string {
	texts := []string{r.task()}
	for _, s := range r.TestSets {
		texts = append(texts, r.aboutSet(s))
	}
	if apart, images := r.Apart(); images {
		texts = append(texts, "Their accuracies are of different images, so that only runs on the same images are compared below; the table says which.")
		texts = append(texts, sentences(apart)...)
	} else if len(apart) > 0 {
		texts = append(texts, "Their accuracies are of the same images but of different classes, so that only runs with the same classes are compared below; the table says which.")
		texts = append(texts, sentences(apart)...)
	}
	if keys := r.varied(); len(keys) > 0 {
		texts = append(texts, fmt.Sprintf("Their settings differ in %s; the last table has the values.", some(keys, 8)))
	} else if len(r.Experiments) > 1 {
		texts = append(texts, "Their settings are the same.")
	}
	return texts
}

// task summarises the models, the data and the length of the training in a sentence.
func (r *Report) task() string {
	runs := 0
	var models []string
	var epochs []int
	from := "random weights"
	for _, e := range r.Experiments {
		runs += len(e.Runs)
		if m := e.Runs[0].Summary.Model; m != "" && !slices.Contains(models, m) {
			models = append(models, m)
		}
		c := e.config()
		if c == nil {
			continue
		}
		if c.Model.Weights != "" {
			from = "random weights or those of a file"
		}
		for _, run := range e.Runs {
			epochs = append(epochs, run.trained(c.Train.Epochs))
		}
	}
	who := inwords.CountGrouped(runs, "run")
	if len(r.Experiments) < runs {
		who = fmt.Sprintf("%s (%s)", inwords.CountGrouped(len(r.Experiments), "experiment"), who)
	}
	text := fmt.Sprintf("%s trained %s from %s", who, list(models), from)
	if len(epochs) > 0 {
		shortest, longest := slices.Min(epochs), slices.Max(epochs)
		if shortest < longest {
			text += fmt.Sprintf(" for %d to %d epochs", shortest, longest)
		} else if longest > 0 {
			text += " for " + inwords.CountGrouped(longest, "epoch")
		}
	}
	return text + " to name what is on a picture. Then they named pictures that they had not seen: the test images."
}

// trained returns the number of epochs of a run, including one that is not complete:
// train.max_steps, train.patience or a hook may have ended it before the planned number.
func (r *Run) trained(planned int) int {
	if s := r.Summary; s.Last != nil && (s.Reason != "" || s.StoppedEarly) {
		return s.Last.Epoch
	}
	return planned
}

// aboutSet describes test images and the accuracy of guessing on them.
func (r *Report) aboutSet(s *TestSet) string {
	var e *Experiment
	for _, x := range r.Experiments {
		if r.set(x) == s {
			e = x
			break
		}
	}
	run := e.Runs[0]
	text := fmt.Sprintf("%s: %s training and %s test images", s.Name, inwords.Grouped(int64(run.Summary.TrainImages)), inwords.Grouped(int64(s.Images)))
	if c := e.config(); c != nil {
		text += fmt.Sprintf(" of %d×%d pixels", c.Data.Crop, c.Data.Crop)
	}
	switch {
	case s.Classes > 0 && s.Classes < s.Outputs:
		text += fmt.Sprintf(", %d classes of the %d that the networks distinguish", s.Classes, s.Outputs)
	case s.Classes > 0:
		text += fmt.Sprintf(", %d classes", s.Classes)
	case s.Outputs > 0:
		text += fmt.Sprintf(", %d classes at most", s.Outputs)
	}
	text += "."
	if s.Redrawn {
		text += " Each seed has its own training and test images of these classes."
	}
	if s.Chance > 0 {
		text += fmt.Sprintf(" Guessing among these classes is right in %s of the images", percent(s.Chance))
		if s.Common > 0 {
			text += fmt.Sprintf(", and always naming the most frequent class in %s", percent(s.Common))
		}
		text += "."
	}
	return text
}

// found describes the findings, the most important first.
func (r *Report) found() (texts []string) {
	for i := range r.TestSets {
		list := r.of(i)
		if len(list) == 0 {
			continue
		}
		where := ""
		if len(r.TestSets) > 1 {
			where = "On " + r.TestSets[i].Name + ": "
		}
		best := list[0]
		if !r.learned(best) {
			texts = append(texts, where+r.nothing(list))
			continue
		}
		sentence := fmt.Sprintf("%s%s has the highest test accuracy: it names %s of the images right%s",
			where, best.Name, best.Best.shares(), overSeeds(best))
		if len(list) == 1 {
			sentence = fmt.Sprintf("%s%s names %s of the test images right%s", where, best.Name, best.Best.shares(), overSeeds(best))
		}
		texts = append(texts, sentence+r.againstChance(best)+".")
		texts = append(texts, r.equals(list)...)
		texts = append(texts, r.unlearned(list)...)
	}
	if len(texts) == 0 {
		texts = append(texts, "None of these runs was evaluated on its test images yet.")
	}
	return slices.Concat(texts, r.finals(), r.promise(), r.statuses())
}

// promise describes in a sentence whether more epochs might improve the accuracy.
func (r *Report) promise() []string {
	yes, all := 0, 0
	for _, e := range r.Experiments {
		for _, run := range e.counted() {
			if all++; saturated(run.Summary) {
				yes++
			}
		}
	}
	switch {
	case all == 0:
		return nil
	case yes == all:
		return []string{"More epochs promise nothing: no run had a better test accuracy in its last 10 epochs."}
	case yes == 0 && all == 1:
		return []string{"It had not saturated: the best test accuracy came in the last 10 epochs, so that more epochs might bring more."}
	case yes == 0:
		return []string{"No run had saturated: each had its best test accuracy in its last 10 epochs, so that more epochs might bring more."}
	}
	return []string{fmt.Sprintf("%d of %d runs had saturated: they had no better test accuracy in their last 10 epochs.", yes, all)}
}

// nothing states that no experiment is better than guessing.
func (r *Report) nothing(list []*Experiment) string {
	text := fmt.Sprintf("%s names %s of the images right, and guessing %s: it has not learned to tell them apart", list[0].Name,
		list[0].Best.shares(), percent(r.set(list[0]).Chance))
	if len(list) > 1 {
		text = fmt.Sprintf("None of the experiments is better than guessing, which is right in %s of the images: the highest, %s, reaches %s",
			percent(r.set(list[0]).Chance), list[0].Name, list[0].Best.shares())
	}
	return text + ". The best of several epochs can be two standard deviations above chance by luck alone."
}

func overSeeds(e *Experiment) string {
	if e.Best.N > 1 {
		return fmt.Sprintf(" (mean of %d seeds ± their standard deviation)", e.Best.N)
	}
	return ""
}

func (r *Report) againstChance(e *Experiment) string {
	if c := r.set(e).Chance; c > 0 {
		return fmt.Sprintf("; guessing is right in %s", percent(c))
	}
	return ""
}

// equals lists the experiments that cannot be distinguished from the best, and those behind.
func (r *Report) equals(list []*Experiment) []string {
	var same, maybe, behind []string
	for _, e := range list[1:] {
		switch r.compare(list[0], e).Verdict {
		case None:
			same = append(same, e.Name)
		case Unsure:
			maybe = append(maybe, e.Name)
		default:
			behind = append(behind, fmt.Sprintf("%s (%s)", e.Name, percent(e.Best.Mean)))
		}
	}
	var texts []string
	if len(same) > 0 {
		texts = append(texts, fmt.Sprintf("Not distinguishable from it: %s (within one standard deviation).", list2(same)))
	}
	if len(maybe) > 0 {
		texts = append(texts, fmt.Sprintf("Perhaps behind it, but not surely: %s (between one and two standard deviations).", list2(maybe)))
	}
	if len(same)+len(maybe) > 0 && len(behind) > 0 {
		texts = append(texts, fmt.Sprintf("Certainly behind it: %s.", list2(behind)))
	}
	if len(same)+len(maybe) == 0 && len(list) > 1 {
		c := r.compare(list[0], list[1])
		texts = append(texts, fmt.Sprintf("It is ahead of all others: the next, %s, reaches %s, and the difference of %s is %s.",
			c.B.Name, c.B.Best.shares(), points(c.Difference), deviations(c.Z)))
	}
	return texts
}

func list2(words []string) string { return some(words, 8) }

// unlearned lists the experiments that are no better than guessing.
func (r *Report) unlearned(list []*Experiment) []string {
	var words []string
	for _, e := range list {
		if !r.learned(e) {
			words = append(words, fmt.Sprintf("%s (%s)", e.Name, e.Best.shares()))
		}
	}
	if len(words) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("No better than guessing: %s. The best of several epochs can be two standard deviations above chance by "+
		"luck alone, and they are no further from it.", list2(words))}
}

// statuses lists the runs that failed, were stopped or have no best epoch.
func (r *Report) statuses() (texts []string) {
	for _, e := range r.Experiments {
		for _, each := range e.Runs {
			s := each.Summary
			switch {
			case s.Status == run.Failed:
				texts = append(texts, fmt.Sprintf("%s failed after %s: %s.", e.title(each), inwords.CountGrouped(s.Steps, "step"), strings.TrimSuffix(tame(s.Error), ".")))
			case s.Status != run.Finished:
				of := ""
				if each.Config != nil {
					of = fmt.Sprintf(" of %d", each.Config.Train.Epochs)
				}
				texts = append(texts, fmt.Sprintf("%s was stopped after %d%s epochs; its values are not final.", e.title(each), s.Epochs, of))
			case s.Last != nil && s.Best == nil:
				texts = append(texts, fmt.Sprintf("No epoch of %s is its best, since its test loss was never finite. The last test accuracy was %s.", e.title(each), percent(s.Last.Accuracy)))
			case !each.evaluated():
				texts = append(texts, fmt.Sprintf("%s has no test accuracy.", e.title(each)))
			}
		}
	}
	return texts
}

// title names a run among those of its experiment.
func (e *Experiment) title(r *Run) string {
	if len(e.Runs) == 1 {
		return e.Name
	}
	return fmt.Sprintf("%s with seed %d", e.Name, r.Summary.Seed)
}

// tame is the first line of an error, without a machine's folders.
func tame(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	words := strings.Split(message, " ")
	for i, w := range words {
		if at := strings.IndexAny(w, `/\`); at >= 0 && strings.Count(w, "/")+strings.Count(w, `\`) > 1 {
			words[i] = "…" + w[strings.LastIndexAny(w, `/\`):]
		}
	}
	return strings.Join(words, " ")
}

// sentence describes a comparison in words.
func (c Comparison) sentence() string {
	numbers := fmt.Sprintf("%s against %s; the difference of %s is %s", c.A.Best.shares(), c.B.Best.shares(), points(c.Difference), deviations(c.Z))
	text := ""
	switch c.Verdict {
	case None:
		text = fmt.Sprintf("Between %s and %s there is no difference that these runs could show: %s.", c.A.Name, c.B.Name, numbers)
	case Unsure:
		text = fmt.Sprintf("%s may be better than %s, but that is not sure: %s. Chance alone makes such a difference in one of %.0f comparisons.",
			c.A.Name, c.B.Name, numbers, 1/byLuck(c.Z))
	default:
		text = fmt.Sprintf("%s is better than %s: %s.", c.A.Name, c.B.Name, numbers)
	}
	return text + c.byLast()
}

// byLast adds a sentence if the last epochs give another verdict than the best ones.
func (c Comparison) byLast() string {
	z := c.last()
	a, b := c.A.Last.shares(), c.B.Last.shares()
	switch v := verdict(z); {
	case z < -1 && v != None:
		return fmt.Sprintf(" In their last epochs it is the other way round: %s against %s.", a, b)
	case c.Verdict == None && v == Sure:
		return fmt.Sprintf(" In their last epochs %s is ahead: %s against %s.", c.A.Name, a, b)
	case c.Verdict == Sure && v == None:
		return fmt.Sprintf(" In their last epochs there is no difference: %s against %s.", a, b)
	}
	return ""
}

// changed lists the settings in which the two of a comparison differ.
func (c Comparison) changed() string {
	list := changes(c.B, c.A)
	if len(list) == 0 {
		return "no setting"
	}
	var words []string
	for _, d := range list {
		words = append(words, change(d))
	}
	return some(words, 4)
}

// change formats a changed key.
func change(d config.Difference) string {
	return fmt.Sprintf("%s %s → %s", d.Key, shown(d.A), shown(d.B))
}

// sureness describes the uncertainty of the numbers.
func (r *Report) sureness() (texts []string) {
	for i, s := range r.TestSets {
		list := r.of(i)
		if len(list) == 0 {
			continue
		}
		e := list[0]
		one := 100 * math.Sqrt(binomial(e.Best.Mean, e.images()))
		text := fmt.Sprintf("An accuracy is counted on %s test images, so that luck in the choice of these images leaves it uncertain by ± %.1f points "+
			"(one binomial standard deviation at %s).", inwords.Grouped(int64(e.images())), one, percent(e.Best.Mean))
		if len(r.TestSets) > 1 {
			text = s.Name + ": " + text
		}
		texts = append(texts, text)
		switch n := r.several(i); {
		case r.usual[i] > 0:
			texts = append(texts, fmt.Sprintf("The same experiment with another seed moves by ± %.1f points (standard deviation over the seeds of %s%s).",
				100*r.usual[i], inwords.CountGrouped(n, "experiment"), r.roughly(i)))
		case n > 0:
			texts = append(texts, "The seeds that were tried gave the same accuracies.")
		default:
			texts = append(texts, "Each experiment was run with one seed, so that what another seed would change is not known and not in these numbers: "+
				"two or three seeds each would show it.")
		}
	}
	if r.mixed() {
		texts = append(texts, "Experiments with one seed borrow the standard deviation between seeds from those with several.")
	}
	return append(texts, "A difference counts in the larger of the two standard deviations: up to one is none, up to two is not sure, and beyond two it is real, "+
		"but of many comparisons one in twenty looks real by luck. The best epoch is chosen by the same test images that judge it, which flatters all runs a little, "+
		"and those most that go up and down; the last epoch stands beside it.")
}

// roughly adds a remark if the standard deviation between seeds is from few runs.
func (r *Report) roughly(set int) string {
	var all []Stat
	for _, e := range r.of(set) {
		all = append(all, e.Best)
	}
	if _, freedom := pooled(all...); freedom < 4 {
		return ", so few runs that it is only a rough measure"
	}
	return ""
}

// several counts the experiments with more than one seed on a test set.
func (r *Report) several(set int) (n int) {
	for _, e := range r.of(set) {
		if e.Best.N > 1 {
			n++
		}
	}
	return n
}

// mixed reports whether a comparison borrows the standard deviation between seeds.
func (r *Report) mixed() bool {
	return slices.ContainsFunc(r.Comparisons, func(c Comparison) bool { return c.Borrowed })
}

// saturation lists the experiments that had saturated, and those that had not.
func (r *Report) saturation() (texts []string) {
	var rising, flat []string
	value := "test accuracy"
	for _, e := range r.Experiments {
		for _, run := range e.Runs {
			if !run.evaluated() {
				continue
			}
			s := run.Summary
			ago := fmt.Sprintf("%s (best in epoch %d of %d, %s)", e.title(run), s.Best.Epoch, s.Last.Epoch, before(s.Last.Epoch-s.Best.Epoch))
			if saturated(s) {
				flat = append(flat, ago)
				if by := s.Criterion(); by.Metric != "accuracy" {
					value = "value of the metric that chooses their best epochs"
				}
			} else {
				rising = append(rising, ago)
			}
		}
	}
	if len(flat) > 0 {
		texts = append(texts, fmt.Sprintf("Saturated, without a better %s in their last 10 epochs: %s.", value, some(flat, 12)))
	}
	if len(rising) > 0 {
		texts = append(texts, fmt.Sprintf("Not saturated, so that more epochs might still bring more: %s.", some(rising, 12)))
	}
	return texts
}

// before formats how many epochs ago the best one was.
func before(epochs int) string {
	if epochs == 0 {
		return "the last"
	}
	return inwords.CountGrouped(epochs, "epoch") + " ago"
}

// memorised lists experiments whose accuracy in the last epoch is higher on the training
// images than on the test images by 20 percentage points or more.
func (r *Report) memorised() []string {
	const far = 0.2
	var words []string
	for _, e := range r.Experiments {
		var train []float64
		for _, run := range e.counted() {
			if _, ys := trainCurve(trainAccuracy)(run); len(ys) > 0 {
				train = append(train, ys[len(ys)-1])
			}
		}
		if s := newStat(train); s.N > 0 && s.Mean-e.Last.Mean >= far {
			words = append(words, fmt.Sprintf("%s (%s of them right, and %s of the test images)", e.Name, percent(s.Mean), percent(e.Last.Mean)))
		}
	}
	if len(words) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Memorised the training images, at least in part: %s. More images, or stronger changes of them, might turn "+
		"that into test accuracy.", list2(words))}
}

// saturated reports whether no epoch of the last 10 was the best.
func saturated(s *run.Report) bool {
	return s.Saturated || s.Best != nil && s.Last != nil && s.Last.Epoch-s.Best.Epoch >= 10
}
