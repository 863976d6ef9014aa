#!/usr/bin/env bash
# A run's event files, read back by TensorBoard itself.
# pip: tensorboard==2.21.0 setuptools<81
set -euo pipefail
tiny=(-set data.set=drawn -set data.drawn_classes=3 -set data.drawn_images=8 -set data.resize=32 -set data.crop=32 -set data.batch=8
	-set model.name=resnet50d -set track=tensorboard -quiet)
go run ./cmd/euryale train resnet50 "${tiny[@]}" -set train.epochs=2 -out "$WORK/runs/first" -set name='first, with "quotes"'
go run ./cmd/euryale train resnet50 "${tiny[@]}" -set train.epochs=2 -set train.max_steps=4 -set optim.lr=0.01 -out "$WORK/runs/second"
for file in "$WORK"/runs/second/tensorboard/*; do # as a kill in the middle of a record leaves it
	head -c 30 "$file" >"$WORK/torn" # of the first record, which has 40 bytes
	cat "$WORK/torn" >>"$file"
done
go run ./cmd/euryale train -resume -out "$WORK/runs/second" -set train.max_steps=0 -quiet
python .ci/outside/tensorboard_read.py "$WORK/runs/first" "$WORK/runs/second"
