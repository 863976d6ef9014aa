// Package config is the one tree of settings that a YAML file, -set and a
// program share: Default, then Load, then Set, then Validate.
//
// The struct tags of Config are the only place that names a key, its range and
// its meaning; parsing, checks, Help and the written YAML follow them. Errors
// name the key, the line of the file, what is allowed and, for an unknown key,
// the nearest known one.
package config
