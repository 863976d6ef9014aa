"""Opens MLflow's page of a run, as a person would, and waits for its curves."""
import json
import os
import shutil
import sys

from playwright.sync_api import sync_playwright

folder = sys.argv[1]
url = json.load(open(f"{folder}/track/mlflow/state.json"))["remote"]["URL"]
assert url.startswith(os.environ["MLFLOW_TRACKING_URI"] + "/#/experiments/"), url
with sync_playwright() as p:
    browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
    page = browser.new_page(viewport={"width": 1500, "height": 2400})
    page.goto(url + "/model-metrics")
    page.get_by_text("balanced_accuracy").first.wait_for(timeout=60000)
    page.locator("svg.main-svg .scatterlayer path.js-line").first.wait_for(state="attached", timeout=60000)
    page.wait_for_timeout(3000)
    charts, text = page.locator("svg.main-svg .scatterlayer path.js-line").count(), page.inner_text("body")
    browser.close()
assert charts >= 4, charts
for name in ["figures", "test", "train", "show_batch_before"]:
    assert name in text, name
print(f"{url}: {charts} curves")
