#!/usr/bin/env bash
# apt: chromium
# Two tiny drawn runs and their report, loaded in Chromium: it must show its parts and
# figures, ask no network for anything, and say nothing on the console.
set -euo pipefail
program=$WORK/euryale
go build -o "$program" ./cmd/euryale
cd "$WORK"
export EURYALE_DATA='' XDG_CACHE_HOME=$WORK/cache
"$program" sweep resnet50 resnet50d -seeds 1,2 -out runs -quiet \
	-set data.set=drawn -set data.drawn_classes=3 -set data.drawn_images=8 -set data.batch=8 -set data.resize=36 -set data.crop=32 \
	-set train.epochs=2
page=$WORK/runs/report.html
grep -q 'What was found' runs/report.md

# The page as Chromium makes it, its console, and what it asks the network for.
browse() { # ARGS...
	timeout 120 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$WORK/profile" --no-first-run \
		--enable-logging=stderr --v=0 --disable-background-networking --disable-component-update --disable-sync "$@"
}
browse --log-net-log="$WORK/net.json" --virtual-time-budget=3000 --dump-dom "file://$page" >dom.html 2>console.txt
if grep -q 'CONSOLE' console.txt; then
	grep 'CONSOLE' console.txt
	exit 1
fi
# Chromium itself calls at home; the page must not call anywhere.
own='//((clients[0-9]|update|accounts|optimizationguide-pa|android\.clients|safebrowsing)\.(google|googleapis)|[a-z0-9.-]*gvt1)\.com$'
if grep -aoE '"url":"(https?|wss?)://[^/":]*' net.json | sort -u | grep -vE "$own"; then
	echo 'the page asks the network for something'
	exit 1
fi
if grep -oE '(src|href)="[^"]*"' dom.html | grep -vE '"(data:|#)'; then
	echo 'the page refers to other files'
	exit 1
fi
for part in short changes results sure curves classes confusions; do
	grep -q "id=\"$part\"" dom.html || { echo "the page lacks the part $part"; exit 1; }
done
figures=$(grep -o '<svg viewBox' dom.html | wc -l)
[ "$figures" -ge 5 ] || { echo "the page has $figures figures"; exit 1; }
[ "$(grep -o '<img' dom.html | wc -l)" -ge 1 ] || { echo 'the page has no pictures'; exit 1; }
[ "$(grep -o '<tr class="seed"' dom.html | wc -l)" -eq 4 ] || { echo 'the page has not four rows of seeds'; exit 1; }

# What is seen: light and dark differ, and neither is empty.
browse --window-size=1280,1600 --screenshot="$WORK/light.png" "file://$page" 2>>console.txt
browse --window-size=1280,1600 --screenshot="$WORK/dark.png" --blink-settings=preferredColorScheme=0 "file://$page" 2>>console.txt
for picture in light dark; do
	[ "$(stat -c %s "$picture.png")" -gt 30000 ] || { echo "$picture.png is empty"; exit 1; }
done
! cmp -s light.png dark.png || { echo 'there is no dark form'; exit 1; }
echo "report.html: $(stat -c %s "$page") bytes, $figures figures"
