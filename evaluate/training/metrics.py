"""Scores of predicted classes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


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
        truth: likewise.
        num_classes: C.
    """
    table = torch.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    table = table.view(num_classes, num_classes).double()  # [truth, predicted]
    hit, said, was = table.diagonal(), table.sum(dim=0), table.sum(dim=1)
    seen = (said + was) > 0
    f1 = 2 * hit[seen] / (said + was)[seen]
    accuracy = float(hit.sum() / table.sum())
    return Scores(micro_f1=accuracy, macro_f1=float(f1.mean()), accuracy=accuracy)


def auc(chance: Float[Tensor, "n C"], truth: Int[Tensor, " n"]) -> float:
    """Mean over classes of the area under the ROC curve of one class against the others.

    The share of pairs (a node of the class, another) in which the first has the greater chance; ties count
    half. Classes that no node or every node has are left out; NaN if there are no others.

    Args:
        chance: of each class, or anything that ranks nodes alike.
        truth: classes 0 … C−1.
    """
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


def retention(score: float, whole: float) -> float:
    """Score ÷ whole."""
    return score / whole if whole else float("nan")


def corrected_retention(score: float, whole: float, majority: float) -> float:
    """(score − majority) ÷ (whole − majority): 0 for a model that learnt nothing, NaN if whole did not."""
    return (score - majority) / (whole - majority) if whole > majority else float("nan")
