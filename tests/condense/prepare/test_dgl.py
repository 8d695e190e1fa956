"""DGL's files are recognised and refused, with the lines that convert them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cli
from condense.errors import FileError
from condense.prepare.prepare import prepare
from condense.prepare.readers.dgl import MAGIC


def written(path: Path) -> Path:
    """The first bytes of a file of dgl.save_graphs: magic number, version 2, heterogeneous."""
    path.write_bytes(MAGIC + (2).to_bytes(8, "little") + (2).to_bytes(8, "little") + bytes(4072))
    return path


@pytest.mark.parametrize("name", ["graph.bin", "graph.dgl", "graph"])
def test_the_lines_that_convert_are_given(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    with pytest.raises(
        FileError, match=r"can be read by DGL alone; .* prepare graph\.pt:"
    ) as error:
        prepare(path)
    _, lines = str(error.value).split(":\n")
    assert len(ast.parse(lines).body) == 3
    assert f"dgl.load_graphs({str(path)!r})" in lines
    assert lines.endswith(f"torch.save(data, {str(tmp_path / 'graph.pt')!r})")


def test_other_files_are_not_dgls(tmp_path: Path) -> None:
    (tmp_path / "a.dgl").write_bytes(b"text")
    with pytest.raises(FileError, match=r"a\.dgl is not a file of dgl\.save_graphs"):
        prepare(tmp_path / "a.dgl")
    (tmp_path / "a.bin").write_bytes(b"text")
    with pytest.raises(ValueError, match="none of the known formats"):
        prepare(tmp_path / "a.bin")


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("graph.bin"))
    assert cli.main(["prepare", "graph.bin", "--out", "mine.h5", "--split", "20/10/70"]) == 2
    assert "data = torch_geometric.utils.from_dgl(dgl.load_graphs('graph.bin')[0][0])" in (
        capsys.readouterr().err
    )
    assert [path.name for path in tmp_path.iterdir()] == ["graph.bin"]
