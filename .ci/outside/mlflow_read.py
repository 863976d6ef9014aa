"""Compares the runs at an MLflow server with the folders that they came from."""
import json
import sys

import mlflow
from mlflow.tracking import MlflowClient

client = MlflowClient()
experiment = client.get_experiment_by_name("euryale")
runs = client.search_runs([experiment.experiment_id])
assert len(runs) == len(sys.argv) - 1, [r.info.run_name for r in runs]
for folder in sys.argv[1:]:
    state = json.load(open(f"{folder}/track/mlflow/state.json"))
    run = client.get_run(state["remote"]["ID"])
    summary = json.load(open(f"{folder}/summary.json"))
    assert run.info.status == "FINISHED" and run.info.run_name == summary["name"], run.info
    series = {}
    for line in map(json.loads, open(f"{folder}/metrics.jsonl")):
        for name in ["loss", "accuracy", "balanced_accuracy", "top5_accuracy", "lr"]:
            if line.get(name) is not None:
                series.setdefault(f"{line['split']}/{name}", []).append((line["step"], line[name]))
    assert set(run.data.metrics) == set(series), (set(run.data.metrics), set(series))
    for name, want in series.items():
        got = sorted((m.step, m.value) for m in client.get_metric_history(run.info.run_id, name))
        assert got == want, (name, got, want)
    params = run.data.params
    assert params["model.name"] == "resnet50d" and params["optim.lr"] == "0.001" and len(params) > 60, params
    assert run.data.tags["summary.best.epoch"] == str(summary["best"]["epoch"]), run.data.tags
    assert run.data.tags["resnet50d"] == "true"
    art = mlflow.artifacts.download_artifacts(run_id=run.info.run_id)
    assert open(f"{art}/config.yaml").read() == open(f"{folder}/config.yaml").read()
    best = open(f"{folder}/checkpoints/best.safetensors", "rb").read()
    assert open(f"{art}/weights/best.safetensors", "rb").read() == best
    pictures = [f.path for f in client.list_artifacts(run.info.run_id, "images")]
    for name in ["show_batch_before", "show_batch_after", "curves", "confusion"]:
        of = [p for p in pictures if p.startswith(f"images/figures~{name}+step+") and p.endswith(".png")]
        assert of, (name, pictures)
        newest = max(of, key=lambda p: int(p.split("+")[2]))
        assert open(f"{art}/{newest}", "rb").read() == open(f"{folder}/figures/{name}.png", "rb").read(), newest
    assert run.data.tags["mlflow.loggedImages"] == "True"
    print(f"{run.info.run_name}: {sum(map(len, series.values()))} values, {len(params)} settings, {len(pictures)} pictures, "
          f"weights of {len(best)} bytes")
