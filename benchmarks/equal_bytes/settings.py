"""The settings among which the comparison lets validation nodes choose, model by model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evaluate.results.rows import WHOLE, Row
from evaluate.training import tune
from evaluate.training.model_spec import parse_model
from evaluate.training.train import TrainSettings
from evaluate.training.tune import Candidate, settings_text


@dataclass(frozen=True)
class Setting:
    """One way to train a model.

    Attributes:
        model: as `parse_model` reads it.
        epochs: passes over the training nodes.
        lr: learning rate.
        batch_size: training nodes a step; all by default.
        check_every: epochs between validations.
        patience: epochs after which a training ends if validation got worse.
        weight_decay: the model's own by default.
    """

    model: str
    epochs: int
    lr: float = 0.003
    batch_size: int | None = None
    check_every: int = 20
    patience: int = 100
    weight_decay: float | None = None

    def candidate(self) -> Candidate:
        """The same for `seed_rows`."""
        _, entry = parse_model(self.model)
        training = TrainSettings(
            self.epochs, self.check_every, patience=self.patience, batch_size=self.batch_size
        )
        training = replace(training, **{**entry.training, "lr": self.lr})
        if self.weight_decay is not None:
            training = replace(training, weight_decay=self.weight_decay)
        return Candidate(entry.choose_settings(), training)


HGT = "hgt:input_dropout=0.5"
CONDENSED_SETTINGS: dict[str, tuple[Setting, ...]] = {
    "mlp": (Setting("mlp", 600), Setting("mlp", 600, 0.01)),
    "sgc": (Setting("sgc", 400), Setting("sgc", 400, 0.01)),
    "gcn": (Setting("gcn", 300), Setting("gcn", 300, 0.01)),
    "graphsage": (
        Setting("graphsage", 300),
        Setting("graphsage:input_dropout=0.5,dropout=0.3", 300, 0.005),
    ),
    "sehgnn": (Setting("sehgnn", 900), Setting("sehgnn", 900, 0.001)),
    "hgt": (Setting(HGT, 600, 0.005), Setting(HGT, 600, 0.01)),
}
# Trainings of an hour are not tried twice.
WHOLE_SETTINGS: dict[str, tuple[Setting, ...]] = {
    "mlp": (Setting("mlp", 600), Setting("mlp", 600, 0.01)),
    "sgc": (Setting("sgc", 200), Setting("sgc", 200, 0.01)),
    "gcn": (Setting("gcn", 300), Setting("gcn", 300, 0.01)),
    "graphsage": (Setting("graphsage", 300), Setting("graphsage", 300, 0.01)),
    "sehgnn": (Setting("sehgnn", 60, 0.001, batch_size=1000, check_every=2, patience=10),),
    "hgt": (Setting(HGT, 300, 0.01),),
}
LITTLE_DROPOUT = ",".join(f"{name}={share}" for name, share in tune.LITTLE_DROPOUT.items())
SAGE = f"graphsage:{LITTLE_DROPOUT}"
# More for each model where labels are many, or a graph is drawn anew in each epoch: there is less to
# overfit, and batches come to their end sooner.
WITH_MANY_LABELS: dict[str, tuple[Setting, ...]] = {
    "mlp": (Setting(f"mlp:{LITTLE_DROPOUT}", 600),),
    "graphsage": (Setting(SAGE, 300), Setting(SAGE, 300, weight_decay=5e-4)),
}
CONDENSED_WITH_MANY_LABELS: dict[str, tuple[Setting, ...]] = {
    **WITH_MANY_LABELS,
    "sgc": (Setting("sgc", 300, batch_size=500, check_every=10, patience=50),),
    "sehgnn": (
        Setting(f"sehgnn:{LITTLE_DROPOUT}", 300, batch_size=500, check_every=10, patience=50),
    ),
    "hgt": (Setting(f"hgt:{LITTLE_DROPOUT}", 600, 0.005),),
}
WHOLE_WITH_MANY_LABELS: dict[str, tuple[Setting, ...]] = {
    **WITH_MANY_LABELS,
    "sgc": (Setting("sgc", 60, batch_size=1000, check_every=2, patience=10),),
    "sehgnn": (
        Setting(f"sehgnn:{LITTLE_DROPOUT}", 60, 0.001, batch_size=1000, check_every=2, patience=10),
    ),
    "hgt": (Setting(f"hgt:{LITTLE_DROPOUT}", 300, 0.01),),
}


def settings_of(method: str, model: str) -> tuple[Setting, ...]:
    """The settings among which validation nodes choose on every data set."""
    return (WHOLE_SETTINGS if method == WHOLE else CONDENSED_SETTINGS)[model]


def further_settings(method: str, model: str) -> tuple[Setting, ...]:
    """Those among which they choose, too, where labels are many."""
    further = WHOLE_WITH_MANY_LABELS if method == WHOLE else CONDENSED_WITH_MANY_LABELS
    return further.get(model, ())


def chosen(rows: Sequence[Row], settings: Sequence[Setting]) -> Setting:
    """The setting with which seed 0 scored best on validation nodes; the first where none was tried."""
    scores = {row.settings: row.val_micro_f1 for row in rows if row.train_seed == 0}
    return max(settings, key=lambda one: scores.get(settings_text(one.candidate()), -1.0))
