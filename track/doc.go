// Package track keeps what a run measures: Log writes metrics.jsonl and metrics.csv in
// the run's folder, and Tracker is what services that show runs implement.
//
// A Tracker on a network may hang or fail at any time; Guard makes it harmless: calls are
// queued and made in a goroutine of their own, what goes wrong is counted and told at the
// end, and training neither stops nor waits.
package track
