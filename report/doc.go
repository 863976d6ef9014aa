// Package report makes of run folders a report that a stranger understands: what was
// asked, what was found, and how sure it is. It writes report.md and report.html, a page
// that needs nothing but itself.
//
//	runs := []*report.Run{…}           // of report.Read
//	r, err := report.New(runs, report.Options{})
//	err = r.Write(dir)
//
// Runs that differ only in their seed are one experiment. A difference between two
// experiments is measured in standard deviations: the larger of the binomial one of the
// difference, sqrt(p₁(1−p₁)/n₁ + p₂(1−p₂)/n₂) over n test images, and that between seeds.
package report
