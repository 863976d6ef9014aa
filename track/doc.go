// Package track sends a run's measurements to services that show runs; each implements
// Tracker. The lines in the run's own folder are written by package run.
//
// A Tracker on a network may hang or fail at any time; Guard makes it harmless: calls are
// queued and made in a separate goroutine, failures are counted and reported at the end, and
// training neither stops nor waits.
package track
