"""The sentences claim what the numbers show, and no more."""

from __future__ import annotations

import dataclasses

from evaluate.report.findings import findings
from evaluate.report.method_summary import leader, method_summaries
from evaluate.report.runs import DatasetRuns
from tests.evaluate.report.rows import SCORES, row, rows


def runs(rows) -> DatasetRuns:
    return DatasetRuns("imdb", "real", "transductive", rows=rows)


def text_of(rows) -> str:
    return " ".join(findings(runs(rows))).replace("\N{NO-BREAK SPACE}", " ")


def test_the_leader_has_the_highest_mean_retention() -> None:
    best = leader(method_summaries(rows()))
    assert best is not None
    assert best.label == "srgm"
    kept = (0.64 / 0.61 + (0.60 + 0.63 + 0.62) / (0.64 + 0.64 + 0.65)) / 2
    assert (
        f"srgm has the highest mean retention: {100 * kept:.1f} % of the whole graph's micro-F1"
        in text_of(rows())
    )


def test_a_retention_that_may_be_too_high_says_so() -> None:
    def marked(method: str) -> str:
        return text_of(
            [dataclasses.replace(r, rising=r.method == method and r.model == "sgc") for r in rows()]
        )

    text = marked("whole")
    assert " %† of the whole graph's micro-F1" in text
    assert "† This may be too high: on the whole graph, sgc was still rising when training" in text
    assert marked("srgm") == text_of(rows())


def test_an_overlap_is_not_called_better() -> None:
    close = {("kmeans", m): tuple(s + d for s, d in zip(SCORES["srgm", m], (0.01, -0.02, 0.0), strict=True))
             for m in ("mlp", "sgc")}  # fmt: skip
    text = text_of(rows({**SCORES, **close}))
    assert "It does not differ significantly from kmeans" in text
    assert "It is ahead of random" in text
    assert "with intervals widened for 2 comparisons" in text
    assert "ahead of kmeans" not in text


def test_the_same_means_without_noise_differ() -> None:
    worse = {("kmeans", m): tuple(s - 0.02 for s in SCORES["srgm", m]) for m in ("mlp", "sgc")}
    text = text_of(rows({**SCORES, **worse}))
    assert "kmeans (+2.0 ± 0.0 points, 3 pairs)" in text.partition("It is ahead of ")[2]


def test_one_seed_gives_no_interval() -> None:
    text = text_of([r for r in rows() if r.train_seed == 0])
    assert "There are too few paired seeds to compare it with random." in text
    assert "too few for an interval" in text
    assert "ahead of" not in text


def test_never_where_the_whole_graph_is_as_cheap() -> None:
    slow = [dataclasses.replace(r, train_seconds=9.0) if r.method != "whole" else r for r in rows()]
    assert "It never pays off for mlp and sgc" in text_of(slow)


def test_of_many_models_only_the_extremes_are_named() -> None:
    many = [
        dataclasses.replace(
            r, model=f"m{k}", train_seconds=r.train_seconds + k * (r.method == "whole")
        )
        for k in range(7)
        for r in rows()
        if r.model == "mlp"
    ]
    assert "Condensing pays off after 1 (m6) to 2 (m0) trainings." in text_of(many)


def test_without_the_whole_graph_there_is_no_retention() -> None:
    text = text_of([r for r in rows() if r.method != "whole"])
    assert "there is no retention" in text
    assert "keeps" not in text


def test_nothing_to_rank() -> None:
    only_whole = [row("whole", "mlp", 0, 0.5)]
    assert text_of(only_whole) == "Only the whole graph was evaluated in these runs."
    assert text_of([]) == ""


def test_methods_without_a_common_model_are_not_ranked() -> None:
    assert "No method is ranked" in text_of(
        [row("srgm", "mlp", 0, 0.5), row("random", "sgc", 0, 0.4)]
    )
