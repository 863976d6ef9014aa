#!/usr/bin/env bash
# The notebook's cells run from top to bottom, on the CPU, with drawn animals.
# pip: nbconvert==7.16.6 ipykernel==6.30.1
set -euo pipefail
export EURYALE_SET=drawn EURYALE_CROP=32 EURYALE_EPOCHS=2 EURYALE_VERSION=$PWD EURYALE_WORK=$WORK EURYALE_DATA= XDG_CACHE_HOME=$WORK/cache
export EURYALE_TRAINING="-set data.drawn_classes=4 -set data.drawn_images=16 -set data.batch=16 -set schedule.warmup_epochs=1"
jupyter nbconvert --to notebook --execute --ExecutePreprocessor.timeout=600 --output-dir "$WORK" --output done.ipynb examples/kaggle_notebook.ipynb
python - "$WORK/done.ipynb" <<'CHECK'
import json, sys

cells = [c for c in json.load(open(sys.argv[1]))["cells"] if c["cell_type"] == "code"]
outputs = [o for c in cells for o in c["outputs"]]
errors = [o for o in outputs if o["output_type"] == "error"]
pictures = [o for o in outputs if "image/png" in o.get("data", {})]
pages = [o for o in outputs if "iframe" in str(o.get("data", {}).get("text/html", ""))]
assert not errors, errors
assert len(pictures) == 4, f"{len(pictures)} pictures"
assert pages, "no report"
print(f"{len(cells)} cells, {len(pictures)} pictures, the report shown")
CHECK
test -s "$WORK/runs/report.html"
