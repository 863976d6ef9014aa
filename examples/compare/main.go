// Command compare puts finished runs beside each other: a table, and a picture of their
// curves.
//
//	go run ./examples/compare runs/*
package main

import "github.com/euryale-ml/euryale/cli"

func main() { cli.Compare() }
