// Package live shows a run in the browser while it trains: curves, throughput, the current
// batch, memory, settings. The page loads nothing but from the program that serves it.
//
// Serving does not slow a step: hooks store values in memory under a short lock, and all
// other work is done when a browser sends a request.
package live
