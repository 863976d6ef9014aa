#!/usr/bin/env bash
# Weights go both ways between Euryale, torchvision, timm and ONNX Runtime.
# pip: torch torchvision timm safetensors onnx onnxruntime
set -euo pipefail
go build -o "$WORK/euryale" ./cmd/euryale
python .ci/outside/weights.py "$WORK"
go run ./.ci/outside/layers "$WORK"
python .ci/outside/layers.py "$WORK"
