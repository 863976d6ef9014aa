// Package report makes a report from run folders that a reader without knowledge of the runs
// understands: the question, the findings, and how certain they are. It writes report.md and
// report.html, a self-contained page.
//
//	runs := []*report.Run{…}           // from report.Read
//	r, err := report.New(runs, report.Options{})
//	err = r.Write(dir)
//
// Runs that differ only in their seed are one experiment. A difference between two
// experiments is measured in standard deviations: the larger of the binomial one of the
// difference, sqrt(p₁(1−p₁)/n₁ + p₂(1−p₂)/n₂) over n test images, and that between seeds.
package report
