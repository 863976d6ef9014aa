// Package track sends what a run measures to services that show runs: Tracker is what they
// implement. The lines of a run's own folder are package run's.
//
// A Tracker on a network may hang or fail at any time; Guard makes it harmless: calls are
// queued and made in a goroutine of their own, what goes wrong is counted and told at the
// end, and training neither stops nor waits.
package track
