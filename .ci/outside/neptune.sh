#!/usr/bin/env bash
# The real Neptune client uploads our offline folder to the server of our tests.
# pip: neptune==1.14.0 setuptools<81
set -euo pipefail
EURYALE_NEPTUNE=$(command -v neptune) go test ./track/neptune -count=1 -run '^TestRealClient$' -v
