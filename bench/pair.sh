#!/usr/bin/env bash
# Euryale's step against PyTorch's, in turn on one machine, so that only the ratio counts.
#
#   bench/pair.sh [PYTHON] [-- flags of bench/trainstep]
#
# PYTHON needs torch, torchvision and timm; default python3. Prints the JSON of every run and
# at the end the ratio of the medians, Euryale / the faster of PyTorch's two layouts.
set -euo pipefail
cd "$(dirname "$0")/.."
python=python3
if [ $# -gt 0 ] && [ "$1" != -- ]; then python=$1; shift; fi
[ "${1:-}" = -- ] && shift
rounds=${ROUNDS:-2}
export OMP_NUM_THREADS=2 MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=1073741824
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/trainstep" ./bench/trainstep
for round in $(seq "$rounds"); do
	for layout in channels_last contiguous; do
		"$python" bench/pytorch/trainstep.py -layout $layout "$@" | tee -a "$work/$layout"
	done
	"$work/trainstep" -json "$@" | tee -a "$work/euryale"
done
"$python" - "$work" <<'PY'
import json, statistics, sys
runs = lambda name: statistics.median(json.loads(line)["median_ms"] for line in open(f"{sys.argv[1]}/{name}"))
ours, theirs = runs("euryale"), min(runs("channels_last"), runs("contiguous"))
print(f"euryale {ours:.0f} ms, pytorch {theirs:.0f} ms, ratio {ours / theirs:.3f}")
PY
