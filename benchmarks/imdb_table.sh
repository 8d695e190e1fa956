#!/usr/bin/env bash
# The first table: IMDB (text + image) at 1 %, SR-GM and its rivals against the whole graph.
#
#     bash benchmarks/imdb_table.sh DATA_ROOT [OUT] [MODEL ...]
#
# DATA_ROOT holds imdb/. Three condensing seeds, five training seeds each; condensed files that are
# there are not made again. About half an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?the folder that holds imdb/}
out=${2:-runs/imdb}
models=("${@:3}")
[ ${#models[@]} -gt 0 ] || models=(mlp sgc hgt)
python=${PYTHON:-.venv/bin/python}
files=()
for seed in 0 1 2; do
    file="$out/srgm-seed$seed.h5"
    [ -e "$file" ] || "$python" cli.py condense --dataset imdb --data-root "$data" --ratio 0.01 \
        --seed "$seed" --out "$file"
    files+=("$file")
done
"$python" cli.py evaluate --condensed "${files[@]}" --models "${models[@]}" --seeds 5 --tune 2 \
    --epochs 100 --data-root "$data" --out "$out/$(IFS=-; echo "${models[*]}")" \
    --baselines random kmeans kmeans:labels=pseudo srgm:decouple=off,damping=0 srgm:epochs=0
