"""What `pip install` of a built wheel gives: every command, in an empty folder, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import torch

import cli
from condense.io import save
from tests.condense.foreign.test_graph import SIZES, written
from tests.condense.prepare.test_pyg import data
from tests.support.graphs import small_graph
from tests.support.paths import ROOT
from tests.support.products import products

pytestmark = pytest.mark.slow

GRAPH = "whole.h5"
SMALL = ["condense", "--dataset", GRAPH, "--ratio", "0.2", "--method=kmeans", "--out", "small.h5"]
TRAIN = [
    "--models",
    "mlp",
    "--seeds",
    "1",
    "--epochs",
    "2",
    "--baselines",
    "random",
    "--out",
    "table",
]
IMPORT = [
    "import",
    "--feat",
    "feat_set_0.1_1.pt",
    "--adj",
    "adj_set_0.1_1.pt",
    "--dataset",
    "products.h5",
]

PREPARE = ["prepare", "mine.pt", "--split", "20/10/70", "--out", "mine.h5"]
COMMANDS = {
    "prepare": (PREPARE, 0, "Written to mine.h5"),
    "condense": (SMALL, 0, "Written to small.h5"),
    "inspect": (["inspect", "small.h5"], 0, "condensed from small (simulated)"),
    "import": ([*IMPORT, "--out", "theirs.h5"], 0, "Written to theirs.h5"),
    "evaluate": (["evaluate", "--condensed", "small.h5", *TRAIN], 0, "rows in table/results.csv"),
    # The default space is configs/space.toml; it has more architectures than one.
    "search": (
        [
            "search",
            "--condensed",
            "small.h5",
            "--samples",
            "1",
            "--top",
            "1",
            "--epochs",
            "2",
            "--jobs",
            "1",
        ],
        0,
        "trained on the whole graph and tested",
    ),
    "report": (["report", "table", "small.h5", "--out", "page.html"], 0, "Written to page.html"),
    # The plan is configs/paper/cora.toml; the data are not there.
    "reproduce": (["reproduce", "cora"], 2, "data/planetoid"),
    "completion": (["completion", "bash"], 0, "complete -o default"),
}
"""Command -> words, exit status, and a part of what it prints; in an order in which they can run."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git tracks, so that nothing that lies about in the checkout gets in."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    archive = source / "checkout.zip"
    files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    with zipfile.ZipFile(archive, "w") as packed:
        for file in files:
            if (ROOT / file).exists() and not file.startswith(("benchmarks/rows", "tests/")):
                packed.write(ROOT / file, file)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(source / "checkout")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", built, source / "checkout"], check=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mmgc` in an environment of its own; what the package depends on is lent by this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    own = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    (Path(own) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--ignore-installed", "--no-warn-script-location", wheel], check=True)
    return home / "bin" / "mmgc"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: graphs of his own, tensors of another tool, and nothing else."""
    home = tmp_path_factory.mktemp("user")
    save(home / GRAPH, small_graph(num_target=80))
    save(home / "products.h5", products(SIZES))
    torch.save(data(), home / "mine.pt")
    written(home)
    return home


def run(program: Path, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [program, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def test_a_wheel_holds_the_packages_and_the_configurations(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for file in (
        "cli.py",
        "configs/space.toml",
        "configs/paper/cora.toml",
        "evaluate/report/references.bib",
    ):
        assert file in names
    assert any(name.startswith("evaluate/report/templates/") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "docs", "data"))]


def test_the_installed_program_is_not_the_checkout(program: Path, folder: Path) -> None:
    where = "import cli, configs, models; print(cli.__file__, *configs.__path__, models.__file__)"
    done = subprocess.run(
        [program.with_name("python"), "-c", where],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(ROOT) not in done.stdout


def test_every_command_works_in_an_empty_folder(program: Path, folder: Path) -> None:
    assert set(COMMANDS) == set(cli.COMMANDS)
    for command, (words, status, expected) in COMMANDS.items():
        helped = run(program, [command, "--help"], folder)
        assert (helped.returncode, "usage:" in helped.stdout) == (0, True), helped.stderr
        done = run(program, words, folder)
        assert done.returncode == status, f"{command}: {done.stderr}"
        assert expected in done.stdout + done.stderr
