// Package run defines a run's folder: the names and contents of the files, and how they are
// read and written. Training writes them; the commands, reports, pages and trackers read
// them, and so may any other program:
//
//	folder := run.Folder("runs/resnet50-pets")
//	report, err := folder.Report()  // summary.json
//
// A folder holds config.yaml, the settings; summary.json, a Report; predictions.jsonl, a
// Prediction a line; split.json, a Split; checkpoints and figures. All files but those that
// are appended to are replaced atomically: a reader sees the old file or the new one. A
// process must hold the folder's lock before it cleans, writes or removes anything in it,
// see Folder.Claim.
package run
