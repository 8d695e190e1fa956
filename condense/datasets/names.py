"""The names in `condense.datasets.registry.DATASETS`, known without importing what loads them.

The command line completes them, and refuses others, before it imports torch.
"""

from __future__ import annotations

from models.choices import check_choice

FILE_ENDINGS = (".h5", ".hdf5")
DATASET_NAMES = (
    "amazon1", "amazon2", "imdb", "imdb-unique", "acm", "acm-40", "acm-20", "dblp", "dblp-40", "dblp-20",
    "cora", "photo", "photo-1", "photo-2", "photo-3", "photo-4",
)  # fmt: skip


def check_dataset_name(name: str) -> None:
    """Raise for what is neither a data set's name nor, by its ending, a graph's file.

    Raises:
        UnknownChoiceError: an unknown name.
    """
    if not name.endswith(FILE_ENDINGS):
        check_choice(DATASET_NAMES, name, "dataset")
