#!/usr/bin/env bash
# The live page of a run in headless Chromium.
# apt: chromium
set -euo pipefail
go build -o "$WORK/euryale" ./cmd/euryale
"$WORK/euryale" train resnet50 -set data.set=drawn -set data.drawn_classes=4 -set data.drawn_images=40 -set data.resize=32 -set data.crop=32 -set data.batch=8 \
	-set model.name=resnet50d -set train.epochs=400 -set track= -quiet -http 127.0.0.1:0 -out "$WORK/run" >"$WORK/out" 2>"$WORK/err" &
run=$!
trap 'kill -INT $run 2>/dev/null; wait $run || true' EXIT
for _ in $(seq 60); do
	[ "$(grep -c '"kind":"epoch"' "$WORK/run/metrics.jsonl" 2>/dev/null)" -ge 2 ] 2>/dev/null && break
	sleep 0.5
done
url=$(sed -n 's/^live page: //p' "$WORK/err")
[ -n "$url" ] || { cat "$WORK/err"; exit 1; }
chrome=(chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$WORK/profile" --virtual-time-budget=6000)
"${chrome[@]}" --log-net-log="$WORK/net.json" --dump-dom "$url" >"$WORK/dom.html" 2>"$WORK/chrome.err"
"${chrome[@]}" --window-size=1200,1500 --screenshot="$WORK/live.png" "$url" 2>>"$WORK/chrome.err"
python - "$WORK" "$url" <<'CHECK'
import re, sys, urllib.parse

work, url = sys.argv[1:]
dom = open(f"{work}/dom.html").read()
name = re.search(r'<h1 id="name">(.*?)</h1>', dom).group(1)
assert name.startswith("resnet50d-drawn"), name
for chart in ["loss", "accuracy", "lr", "speed"]:
    svg = re.search(rf'<svg id="{chart}".*?</svg>', dom, re.S).group(0)
    assert svg.count("<path") >= 1 and svg.count("<text") >= 4, (chart, svg[:300])
assert dom.count('class="tile"') == 9 and "images a second" in dom and "memory of the process" in dom
assert 'src="batch.png?epoch=' in dom and "hidden" not in re.search(r'<img id="batch".*?>', dom).group(0)
assert "drawn_classes: 4" in dom
log = open(f"{work}/net.json").read()
asked = set(re.findall(r'"url":"(https?://[^"]*)"', log))
inside = {a for a in asked if a.startswith(url)}
assert any("batch.png" in a for a in inside) and any("state.json" in a for a in inside), asked
# The browser's own calls home, by host: a page's fonts or scripts would come from others.
own = {"update.googleapis.com", "accounts.google.com", "clients2.google.com", "redirector.gvt1.com", "edgedl.me.gvt1.com"}
page_made = {a for a in asked - inside if urllib.parse.urlsplit(a).hostname not in own}
assert not page_made, page_made
assert open(f"{work}/live.png", "rb").read(4) == b"\x89PNG"
print(f"{name}: 4 charts, 9 numbers, the batch; {len(inside)} addresses, all of the page's own")
CHECK
