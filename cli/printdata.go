package cli

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/run"
)

// printData prints the images that a run trains and tests on. The trainer's Logger has printed
// the warnings about them.
func (n *session) printData(root string) {
	t := n.trainer
	images := func(n int) string { return inwords.Grouped(int64(n)) }
	counts := fmt.Sprintf("%s training and %s test images", images(t.TrainLoader().Len()), images(t.TestLoader().Len()))
	if final := t.FinalImages(); final > 0 {
		counts = fmt.Sprintf("%s training, %s validation and %s test images", images(t.TrainLoader().Len()), images(t.TestLoader().Len()), images(final))
	}
	where := ""
	if root != "" {
		where = ", " + root
	}
	classes := fmt.Sprintf("%d classes", len(t.Classes()))
	if len(t.Classes()) == 1 {
		classes = "1 class"
	}
	n.info("data: %s, %s, %s%s", n.config.Data.Set, counts, classes, where)
	for _, line := range t.About() {
		n.info("data: %s", line)
	}
}

// printFinal prints the results of the best weights on the images kept for the end.
func (n *session) printFinal(r *run.Report) {
	if r.Final == nil {
		return
	}
	chance := ""
	if s, err := run.Folder(n.dir.path).Split(); err == nil {
		if classes := s.Occurring(run.FinalPart); classes > 0 {
			chance = ", chance " + percent(1/float64(classes))
		}
	}
	loss := ""
	if !math.IsNaN(r.Final.Loss) {
		loss = fmt.Sprintf(", loss %.4f", r.Final.Loss)
	}
	fmt.Fprintf(n.io.Out, "final test: accuracy %s, balanced %s%s on the %s images kept for the end, with the weights of epoch %d%s\n",
		percent(r.Final.Accuracy), percent(r.Final.BalancedAccuracy), loss, inwords.Grouped(int64(r.FinalImages)), r.Final.Epoch, chance)
}
