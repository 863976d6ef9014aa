#!/usr/bin/env bash
# Runs at a real MLflow server, read back through its API, and its page of a run in headless Chromium.
# pip: mlflow==3.17.0 playwright
# apt: chromium
set -euo pipefail
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MLFLOW_TRACKING_URI=http://127.0.0.1:$port
mlflow server --host 127.0.0.1 --port "$port" --workers 1 --backend-store-uri "sqlite:///$WORK/m.db" --artifacts-destination "$WORK/art" \
	>"$WORK/server.log" 2>&1 &
server=$!
trap 'kill $server; wait $server || true' EXIT
for _ in $(seq 90); do
	python -c "import urllib.request; urllib.request.urlopen('$MLFLOW_TRACKING_URI/health', timeout=1)" 2>/dev/null && break
	kill -0 $server || { cat "$WORK/server.log"; exit 1; }
	sleep 1
done
go build -o "$WORK/euryale" ./cmd/euryale
tiny=(-set data.set=drawn -set data.drawn_classes=3 -set data.drawn_images=8 -set data.resize=32 -set data.crop=32 -set data.batch=8
	-set model.name=resnet50d -quiet)
"$WORK/euryale" train resnet50 "${tiny[@]}" -set train.epochs=2 -set track=mlflow -set 'neptune.tags=first,für alle' -out "$WORK/first"
"$WORK/euryale" train resnet50 "${tiny[@]}" -set train.epochs=2 -set train.max_steps=4 -set track=mlflow -out "$WORK/second"
"$WORK/euryale" train -resume -out "$WORK/second" -set train.max_steps=0 -quiet # goes on in the same run
"$WORK/euryale" train resnet50 "${tiny[@]}" -set train.epochs=1 -out "$WORK/third"
"$WORK/euryale" sync -track mlflow "$WORK/third" # afterwards
"$WORK/euryale" sync "$WORK/third"
python .ci/outside/mlflow_read.py "$WORK/first" "$WORK/second" "$WORK/third"
python .ci/outside/mlflow_page.py "$WORK/first"
