"""HGB's files: lines that do not fit are named, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

import cli
from condense.errors import FileError
from condense.prepare.prepare import prepare
from tests.condense.prepare.test_hgb import FREEBASE, files, folder


def line(name: str, number: int, text: str) -> dict[str, str]:
    """A file with one line, counted from 1, replaced."""
    lines = files()[name].splitlines()
    lines[number - 1] = text
    return {name: "\n".join(lines)}


X = ",".join("12345")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"link.dat": None}, r"link\.dat is missing; put it there"),
        ({"node.dat": ""}, r"node\.dat \(got no line\) must have a line for each node"),
        (
            line("node.dat", 2, "1\tp\tpaper\t1"),
            r"node\.dat, line 2 \(got 'paper'\) must have a whole",
        ),
        (
            line("node.dat", 2, "1 p 0"),
            r"node\.dat, line 2 \(got 1 columns\) must be id, name, type",
        ),
        (
            line("node.dat", 2, "1\tp\t0\t1,2"),
            r"line 2 \(got 2\) must have 5 features, as the nodes of",
        ),
        (line("node.dat", 2, "1\tp\t0"), r"line 2 \(got 0\) must have 5 features"),
        (
            line("node.dat", 2, "1\tp\t0\t1,b"),
            r"line 2 \(got '1,b'\) must have features divided by",
        ),
        (
            line("node.dat", 2, f"0\tp\t0\t{X}"),
            r"node\.dat \(got id 0 twice\) must have one line per",
        ),
        (
            line("node.dat", 50, "49\tp\t8"),
            r"node\.dat has nodes of type 8, which is not in info\.dat",
        ),
        (
            line("link.dat", 3, "0\t99\t0\t1"),
            r"link\.dat, line 3 \(got node 99\) must be a node of",
        ),
        (
            line("link.dat", 3, "0\t0.5\t0\t1"),
            r"link\.dat, line 3 \(got 0\.5\) must be a whole number",
        ),
        (line("link.dat", 3, "0\tx\t0\t1"), r"line 3 has 'x' where numbers are expected"),
        (
            line("link.dat", 3, "0\t1\t0\t1"),
            r"line 3 \(got from type 0 to type 0\) must lead from type 0 to",
        ),
        (
            line("link.dat", 3, "0\t41\t9\t1"),
            r"link\.dat, line 3 \(got relation 9\) must be in info",
        ),
        (
            {"link.dat": "1 2 0 1\n"},
            r"link\.dat cannot be read|link\.dat, line 1 \(got 1 columns\)",
        ),
        (
            line("label.dat", 4, "3\tp3\t0\t0,1"),
            r"label\.dat, line 4 \(got '0,1' for node 3\) gives a node sev",
        ),
        (
            line("label.dat", 4, "2\tp2\t0\t1"),
            r"label\.dat, line 4 \(got '1' for node 2\) gives a node sev",
        ),
        (
            line("label.dat", 4, "3\tp3\t1\t0"),
            r"line 4 \(got type 1\) must be 0, the type of node 3",
        ),
        (
            line("label.dat", 4, "99\tp\t0\t0"),
            r"label\.dat, line 4 \(got node 99\) must be a node of",
        ),
        (
            line("label.dat", 4, "3\tp3\t0"),
            r"label\.dat, line 4 \(got 3 columns\) must be id, name, type",
        ),
        (
            line("label.dat", 4, "41\ta\t1\t0"),
            r"label\.dat \(got labels of 2 node types\) must label",
        ),
        ({"label.dat": ""}, r"label\.dat \(got labels of 0 node types\)"),
        (
            line("label.dat.test", 1, "3\tp3\t0\t1"),
            r"label\.dat\.test \(got node 3, which is in label",
        ),
        ({"info.dat": "{"}, r"info\.dat cannot be read"),
        ({"info.dat": "{}"}, r"info\.dat cannot be read \(it lacks the names"),
        (
            {"info.dat": "some text"},
            r"info\.dat cannot be read \(it has no table below TYPE MEANING\)",
        ),
        ({"info.dat": FREEBASE.replace("FILM\n", "BOOK\n", 1)}, r"two node types have one name"),
    ],
)
def test_lines_that_do_not_fit_are_named(tmp_path: Path, changes, message: str) -> None:
    with pytest.raises(FileError, match=message) as error:
        prepare(folder(tmp_path / "a", {**files(), **changes}), "hgb")
    assert "\n" not in str(error.value)


def test_no_line_has_to_be_text(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", files())
    (source / "node.dat").write_bytes(bytes(range(256)))
    with pytest.raises(FileError, match=r"node\.dat, line 1 \("):
        prepare(source)


def test_mistakes_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(Path("mine"), {**files(), **line("link.dat", 3, "0\t99\t0\t1")})
    assert cli.main(["prepare", "mine", "--out", "mine.h5"]) == 2
    assert "line 3 (got node 99)" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
