"""Result rows for tests of the report."""

from __future__ import annotations

from evaluate.results.rows import WHOLE, Row

SCORES = {
    ("whole", "mlp"): (0.60, 0.62, 0.61), ("whole", "sgc"): (0.64, 0.64, 0.65),
    ("srgm", "mlp"): (0.63, 0.65, 0.64), ("srgm", "sgc"): (0.60, 0.63, 0.62),
    ("random", "mlp"): (0.40, 0.44, 0.41), ("random", "sgc"): (0.45, 0.43, 0.46),
}  # fmt: skip


def rows(scores: dict[tuple[str, str], tuple[float, ...]] = SCORES) -> list[Row]:
    """One row a score; the k-th has seed k."""
    return [
        row(method, model, seed, score)
        for (method, model), values in scores.items()
        for seed, score in enumerate(values)
    ]


def row(method: str, model: str, seed: int, score: float) -> Row:
    whole = method == WHOLE
    return Row(
        dataset="imdb", source="real", method=method, ratio=1.0 if whole else 0.01,
        ratio_train=5.0 if whole else 0.05, model=model, trained_on=WHOLE if whole else "condensed",
        condense_seed=None if whole else 0, train_seed=seed, micro_f1=score, macro_f1=score - 0.01,
        accuracy=score, val_micro_f1=score, majority=0.4, epoch=20, train_seconds=8.0 if whole else 2.0,
        validate_seconds=0.1, tune_seconds=0.0, condense_seconds=0.0 if whole else 12.0,
        nodes=10_000 if whole else 100, edges=30_000 if whole else 300,
        bytes=10_000_000 if whole else 400_000, settings="hops=2", cell=f"{method}-{model}-{seed}",
    )  # fmt: skip
