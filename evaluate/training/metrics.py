"""Scores of predicted classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from evaluate.training.finite import check_finite


@dataclass(frozen=True)
class Scores:
    """Scores of one prediction, each in 0 … 1.

    For single-label classes micro-F1 equals accuracy; both are kept because papers quote either.
    """

    micro_f1: float
    macro_f1: float
    accuracy: float


def score(predicted: Int[Tensor, " n"], truth: Int[Tensor, " n"], num_classes: int) -> Scores:
    """Micro-F1, macro-F1 and accuracy.

    Macro-F1 averages F1 over the classes that occur in `truth` or in `predicted`, as scikit-learn does.

    Args:
        predicted: classes 0 … C−1, at least one.
        truth: true classes, likewise.
        num_classes: C.
    """
    table = torch.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    table = table.view(num_classes, num_classes).double()  # [truth, predicted]
    hits, predictions, truths = table.diagonal(), table.sum(dim=0), table.sum(dim=1)
    seen = (predictions + truths) > 0
    f1 = 2 * hits[seen] / (predictions + truths)[seen]
    accuracy = float(hits.sum() / table.sum())
    return Scores(micro_f1=accuracy, macro_f1=float(f1.mean()), accuracy=accuracy)


def auc(chance: Float[Tensor, "n C"], truth: Int[Tensor, " n"]) -> float:
    """Mean over classes of the area under the ROC curve of one class against the others.

    For one class this is the share of pairs (a node of the class, a node of another) in which the first has
    the greater probability; ties count half. Classes that no node or every node has are left out; NaN if no
    class is left.

    Args:
        chance: probability of each class, or anything that ranks nodes in the same order.
        truth: classes 0 … C−1.

    Raises:
        DivergedError: a value is infinite or NaN, which ranks nothing.
    """
    check_finite(chance, "probabilities")
    areas = []
    for c, column in enumerate(chance.double().T):
        inside, outside = column[truth == c], column[truth != c].sort().values
        if not (len(inside) and len(outside)):
            continue
        below = torch.searchsorted(outside, inside)
        upto = torch.searchsorted(outside, inside, right=True)
        areas.append((below + upto).double().mean() / (2 * len(outside)))
    return float(torch.stack(areas).mean()) if areas else float("nan")


def majority_share(truth: Int[Tensor, " n"], majority: int) -> float:
    """Accuracy of always answering `majority`, the most frequent training class."""
    return float((truth == majority).double().mean())


Metric = Callable[[Float[Tensor, "n C"], Int[Tensor, " n"]], float]
METRICS: Mapping[str, Metric] = {
    "accuracy": lambda logits, truth: _scores(logits, truth).accuracy,
    "micro_f1": lambda logits, truth: _scores(logits, truth).micro_f1,
    "macro_f1": lambda logits, truth: _scores(logits, truth).macro_f1,
    "auc": lambda logits, truth: auc(logits.softmax(dim=1), truth),
}
"""Name -> function (logits, true classes) -> score in 0 … 1, NaN where it is undefined.

A new metric needs a function here, and a column of `evaluate.results.rows.Row` that stores it.
"""


def measure(logits: Float[Tensor, "n C"], truth: Int[Tensor, " n"]) -> dict[str, float]:
    """The scores of all `METRICS`, by name.

    Raises:
        DivergedError: a logit is infinite or NaN.
    """
    check_finite(logits, "predicted logits")
    return {name: metric(logits, truth) for name, metric in METRICS.items()}


def _scores(logits: Tensor, truth: Tensor) -> Scores:
    check_finite(logits, "predicted logits")
    return score(logits.argmax(dim=1), truth, logits.size(1))
