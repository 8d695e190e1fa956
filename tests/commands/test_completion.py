"""Completion in the shells that are here, as they do it themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from commands.completion import SCRIPTS

ROOT = Path(cli.__file__).parent
# Words, with the one that is being typed last, and some of what is to be proposed.
TYPED = [
    (["con"], ["condense"]),
    (["condense", "--method", "k"], ["kcenter", "kmeans"]),
    (["condense", "--method", "kmeans", "--la"], ["--labels"]),
    (["inspect", ""], []),
]


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("words", "proposed"), TYPED, ids=lambda x: " ".join(x))
def test_bash_completes(
    words: list[str], proposed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mmgc.bash").write_text(script("bash", capsys))
    typed = [sys.executable, str(ROOT / "cli.py"), *words]
    quoted = " ".join(f"'{word}'" for word in typed)
    code = f"""
source {tmp_path}/mmgc.bash
COMP_WORDS=({quoted}) COMP_CWORD={len(typed) - 1}
_mmgc_python
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr == ""
    assert done.stdout.split() == proposed


def test_bash_leaves_other_programs_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mmgc.bash").write_text(script("bash", capsys))
    (tmp_path / "cli.py").write_text("print('condense')")
    code = f"""
complete -W mine python
source {tmp_path}/mmgc.bash
complete -p python; complete -p python3; complete -p mmgc
COMP_WORDS=(python3 {tmp_path}/cli.py con) COMP_CWORD=2
_mmgc_python
echo "${{#COMPREPLY[@]}} found"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True
    )
    python, python3, mmgc, found = done.stdout.splitlines()
    assert python == "complete -W 'mine' python"
    assert "-F _mmgc_python" in python3
    assert "-F _mmgc " in mmgc
    assert found == "0 found"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_accept_their_scripts(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = script(shell, capsys)
    assert str(ROOT / "cli.py") in said
    assert "@" not in said.replace("(@", "").replace("[@]", "")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(said)
    subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


def test_every_shell_is_described() -> None:
    from commands.completion import EXAMPLES

    for shell in SCRIPTS:
        assert f"completion {shell}" in EXAMPLES
    assert os.linesep not in SCRIPTS["bash"].split("\n")[0]
