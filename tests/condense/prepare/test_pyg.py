"""PyG's .pt files: all forms give one graph; what may run code, or is no graph, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch_geometric.data import Data, HeteroData

from condense.data.fingerprint import fingerprint
from condense.errors import FileError
from condense.prepare.prepare import prepare


def data() -> Data:
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(0, 60, (2, 200), generator=generator)
    x = torch.rand(60, 12, generator=generator)
    return Data(x=x, edge_index=edges, y=torch.arange(60) % 3)


def hetero() -> HeteroData:
    graph = HeteroData()
    graph["node"].x, graph["node"].y = data().x, data().y
    graph["node", "links", "node"].edge_index = data().edge_index
    return graph


FORMS = {
    "Data": data,
    "HeteroData": hetero,
    "InMemoryDataset": lambda: (data().to_dict(), None, Data),
    "older InMemoryDataset": lambda: (data(), None),
    "dictionary": lambda: data().to_dict(),
    "list of one": lambda: [data()],
    "heterogeneous dictionary": lambda: hetero().to_dict(),
}


def saved(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "mine.pt"
    torch.save(content, path)
    return path


def test_all_forms_give_one_graph(tmp_path: Path) -> None:
    made = [
        prepare(saved(tmp_path, form()), split="20/10/70", modalities={"text": 8, "image": 4})
        for form in FORMS.values()
    ]
    assert len({fingerprint(each.graph) for each in made}) == 1
    graph = made[0].graph
    assert (graph.name, graph.target, graph.num_classes) == ("mine", "node", 3)
    assert torch.equal(graph["node"].x_image, data().x[:, 8:])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: {"x": Path("a")}, r"holds objects of pathlib\..*weights_only=False"),
        (lambda: (data().to_dict(), {"x": torch.tensor([0, 1, 2])}, Data), "several graphs"),
        (lambda: [data(), data()], r"\(got list\) must hold a graph"),
        (lambda: torch.ones(3), r"\(got Tensor\) must hold a graph"),
    ],
)
def test_what_is_refused(tmp_path: Path, content, message: str) -> None:
    with pytest.raises(FileError, match=message):
        prepare(saved(tmp_path, content()), split="20/10/70")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"mine\.pt"):
        prepare(path, split="20/10/70")
