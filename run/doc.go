// Package run is what a run leaves in its folder: the names of the files, what is in them,
// and how they are read and written. Training writes them; the commands, reports, pages and
// trackers read them, and so may any other program:
//
//	folder := run.Folder("runs/resnet50-pets")
//	report, err := folder.Report()  // summary.json
//
// A folder holds config.yaml, the settings; summary.json, a Report; predictions.jsonl, a
// Prediction a line; split.json, a Split; checkpoints and figures. Files that are written
// as one, which is all that are not appended to, are replaced atomically: a reader sees the
// old file or the new one. Whoever cleans, writes or removes anything in a folder holds its
// lock first, see Folder.Claim.
package run
