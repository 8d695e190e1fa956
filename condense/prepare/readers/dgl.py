"""DGL's files, which DGL alone can read: they are recognised, and the error says how to convert them.

`dgl.save_graphs` writes the magic number 0xDD2E4FF046B4A13F first (dmlc/dgl,
src/graph/serialize/graph_serialize.h).
"""

from __future__ import annotations

from pathlib import Path

from condense.errors import FileError
from condense.prepare.raw import RawGraph

MAGIC = (0xDD2E4FF046B4A13F).to_bytes(8, "little")
CONVERT = """\
import dgl, torch, torch_geometric.utils
data = torch_geometric.utils.from_dgl(dgl.load_graphs({path!r})[0][0])
torch.save(data, {saved!r})"""


def recognises(source: Path) -> bool:
    """A file that ends in .dgl, or one that begins as DGL's do."""
    return source.is_file() and (source.suffix.lower() == ".dgl" or _begins(source))


def read(source: Path) -> RawGraph:
    """Nothing, since DGL alone can read the file.

    Raises:
        FileError: always, with the lines that convert the file.
    """
    if not source.is_file() or not _begins(source):
        raise FileError(f"{source} is not a file of dgl.save_graphs; save the graph again")
    saved = source.with_suffix(".pt")
    lines = CONVERT.format(path=str(source), saved=str(saved))
    raise FileError(
        f"{source} can be read by DGL alone; where DGL is installed, convert it once, with the labels called "
        f"y, and prepare {saved.name}:\n{lines}"
    )


def _begins(source: Path) -> bool:
    try:
        with source.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False
