// Package live shows a run in the browser while it trains: curves, throughput, the batch
// that the network sees, memory, settings. One page, which needs no network beyond the
// program that serves it.
//
// Serving never slows a step: hooks put values into memory under a short lock, and
// everything else happens when a browser asks.
package live
