#!/usr/bin/env bash
# Every fuzz target of the module. They share two minutes, so that a new one makes the
# gate no longer. Inputs are made smaller by a few tries at most: that is what most of the
# time went to otherwise.
set -euo pipefail
total=120 least=4
targets=()
for package in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		targets+=("$package $target")
	done
done
each=$((total / ${#targets[@]}))
[ "$each" -ge "$least" ] || each=$least
echo "${#targets[@]} targets, $each seconds each"
for both in "${targets[@]}"; do
	read -r package target <<<"$both"
	echo "$package $target"
	go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "${each}s" -fuzzminimizetime 20x -parallel 2 >"$WORK/fuzz.log" 2>&1 && continue
	# On a busy machine go test calls the end of the time itself a failure; an input that fails is written.
	if grep -q 'context deadline exceeded' "$WORK/fuzz.log" && ! grep -qE 'Failing input|panic:' "$WORK/fuzz.log"; then
		continue
	fi
	tail -n 30 "$WORK/fuzz.log"
	exit 1
done
