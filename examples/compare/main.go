// Command compare compares finished runs: a table, a picture of their curves, and a report
// with the questions, the findings and their certainty, as a page and as Markdown.
//
//	go run ./examples/compare runs/*
package main

import "github.com/euryale-ml/euryale/cli"

func main() { cli.Compare() }
