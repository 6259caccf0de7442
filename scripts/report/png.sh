#!/usr/bin/env bash
# The figures of a report as PNG, at twice their size, beside the SVG files. Needs Chromium: text in an SVG is set by who shows it.
#
#     bash scripts/report/png.sh runs/quick/figures
set -euo pipefail
folder=${1:?give the folder of the figures, such as runs/quick/figures}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
for svg in "$folder"/*.svg; do
    size=$(sed -n 's/.* width="\([0-9]*\)" height="\([0-9]*\)".*/\1,\2/p' "$svg" | head -1)
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars --force-device-scale-factor=2 --user-data-dir="$profile" \
        --window-size="$size" --screenshot="${svg%.svg}.png" "file://$(realpath "$svg")" 2>/dev/null
done
ls "$folder"/*.png
