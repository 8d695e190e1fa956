"""Keeps graphs that take a while to compute from their source: prepared once, read ever after."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from condense.data.graph import MultimodalGraph
from condense.errors import FileError, UserError
from condense.io import load_graph, save

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """The user's folder for prepared graphs: `mmgc` below $XDG_CACHE_HOME, or below ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mmgc"


def prepared_once(
    source: Path, recipe: str, prepare: Callable[[], MultimodalGraph]
) -> MultimodalGraph:
    """The graph of `prepare`, from the cache if the same source was prepared by the same recipe before.

    A damaged file in the cache is replaced. Where the cache cannot be written, the graph is prepared each
    time, which the log says.

    Args:
        source: the file that `prepare` reads; its contents identify the graph.
        recipe: name and version of what `prepare` does.
        prepare: makes the graph, a whole one with splits.

    Raises:
        FileError: the source cannot be read; or whatever `prepare` raises.
    """
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise FileError(f"{source} cannot be read ({error.strerror}); check its rights") from None
    kept = cache_folder() / f"{recipe}-{digest}.h5"
    if kept.exists():
        try:
            return load_graph(kept)
        except UserError as error:
            log.warning("%s; it is prepared again", error)
    graph = prepare()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save(kept, graph)
    except (OSError, FileError) as error:
        log.warning("the prepared graph is not kept (%s), so it is prepared each time", error)
    return graph
