"""Compares the event files of runs, as TensorBoard reads them, with the runs' own files."""
import json
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata


def check(run):
    events = EventAccumulator(f"{run}/tensorboard", size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    lines = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    series = {}
    for line in lines:
        for name in ["loss", "accuracy", "balanced_accuracy", "top5_accuracy", "lr"]:
            if line.get(name) is not None:
                series.setdefault(f"{line['split']}/{name}", []).append((line["step"], struct.unpack("f", struct.pack("f", line[name]))[0]))
    assert set(tags["scalars"]) == set(series), (tags["scalars"], set(series))
    for name, want in series.items():
        got = [(e.step, e.value) for e in events.Scalars(name)]
        assert got == want, (name, got, want)
    for name in ["show_batch_before", "show_batch_after", "curves", "confusion"]:
        pictures = events.Images(f"figures/{name}")
        assert len(pictures) >= 1 and pictures[-1].encoded_image_string == open(f"{run}/figures/{name}.png", "rb").read(), name
    text = events.Tensors("config/text_summary")[-1].tensor_proto.string_val[0].decode()
    assert [line[4:] for line in text.splitlines()] == open(f"{run}/config.yaml").read().splitlines()
    plugin = events.summary_metadata
    start = metadata.parse_session_start_info_plugin_data(plugin[metadata.SESSION_START_INFO_TAG].plugin_data.content)
    end = metadata.parse_session_end_info_plugin_data(plugin[metadata.SESSION_END_INFO_TAG].plugin_data.content)
    experiment = metadata.parse_experiment_plugin_data(plugin[metadata.EXPERIMENT_TAG].plugin_data.content)
    assert end.status == api_pb2.Status.Value("STATUS_SUCCESS"), end
    params = {h.name for h in experiment.hparam_infos}
    assert params == set(start.hparams) and len(params) > 40, params
    assert start.hparams["optim.momentum"].number_value == 0.9 and start.hparams["data.shuffle"].bool_value
    assert start.hparams["model.name"].string_value == "resnet50d"
    assert {m.name.tag for m in experiment.metric_infos} <= set(series)
    print(f"{len(series)} series, {sum(map(len, series.values()))} values, {len(params)} settings: {start.group_name}")
    return start


first, second = [check(run) for run in sys.argv[1:]]
assert first.group_name == 'first, with "quotes"'
assert first.hparams["optim.lr"].number_value == 0.001 and second.hparams["optim.lr"].number_value == 0.01
