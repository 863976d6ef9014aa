// Command compare puts finished runs beside each other: a table, a picture of their
// curves, and a report on what was asked, what was found, and how sure it is, as a page
// and as Markdown.
//
//	go run ./examples/compare runs/*
package main

import "github.com/euryale-ml/euryale/cli"

func main() { cli.Compare() }
