#!/usr/bin/env bash
# The first table: IMDB (text + image) at 1 %, SR-GM and its rivals against the whole graph.
#
#     bash benchmarks/imdb_table.sh DATA_ROOT [OUT]
#
# DATA_ROOT holds imdb/. Resumable: condensed files that are there are not made again.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?the folder that holds imdb/}
out=${2:-runs/imdb}
python=${PYTHON:-.venv/bin/python}
files=()
for seed in 0 1 2; do
    file="$out/srgm-seed$seed.h5"
    [ -e "$file" ] || "$python" cli.py condense --dataset imdb --data-root "$data" --ratio 0.01 \
        --seed "$seed" --out "$file"
    files+=("$file")
done
"$python" cli.py evaluate --condensed "${files[@]}" --models hgt sgc mlp --seeds 5 --tune 4 --epochs 100 \
    --baselines random kmeans kmeans:labels=pseudo srgm:decouple=off,damping=0 srgm:epochs=0 \
    --data-root "$data" --out "$out"
