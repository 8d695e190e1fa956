"""`completion`: a script that lets a shell complete commands, options and names."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Annotated, Literal

import tyro

from commands.terminal import OK, parse

EXAMPLES = """
  eval "$(python cli.py completion bash)"        # for this shell; in ~/.bashrc give cli.py's full path
  eval "$(python cli.py completion zsh)"         # likewise in ~/.zshrc, after compinit
  python cli.py completion fish > ~/.config/fish/conf.d/mmgc.fish
"""

PROGRAM = Path(__file__).resolve().parents[1] / "cli.py"

BASH = """\
# bash completion; the first $1 words are the program, which prints the candidates itself.
_mmgc_reply() {
    local IFS=$'\\n' n=$1
    COMPREPLY=($("${COMP_WORDS[@]:0:n}" __complete -- "${COMP_WORDS[@]:n:COMP_CWORD-n+1}" 2>/dev/null))
}
_mmgc() { _mmgc_reply 1; }
_mmgc_python() {
    COMPREPLY=()
    if [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[1]} -ef @PROGRAM@ ]]; then _mmgc_reply 2; fi
}
complete -o default -o bashdefault -F _mmgc mmgc cli.py
for _mmgc_name in python python3; do
    # An existing completion for python is kept.
    complete -p "$_mmgc_name" >/dev/null 2>&1 ||
        complete -o default -o bashdefault -F _mmgc_python "$_mmgc_name"
done
unset _mmgc_name
"""

ZSH = """\
#compdef mmgc cli.py
# zsh completion; the first $1 words are the program, which prints the candidates itself.
_mmgc_reply() {
    local -a found
    found=("${(@f)$("${(@)words[1,$1]}" __complete -- "${(@)words[$1+1,CURRENT]}" 2>/dev/null)}")
    if [[ -n ${found[1]} ]]; then compadd -a found; else _files; fi
}
_mmgc() { _mmgc_reply 1 }
_mmgc_python() {
    if [[ CURRENT -gt 2 && ${words[2]} -ef @PROGRAM@ ]]; then
        _mmgc_reply 2
    elif (( $+functions[_python] )); then
        _python
    else
        _files
    fi
}
compdef _mmgc mmgc cli.py
compdef _mmgc_python python python3
"""

FISH = """\
# fish completion; the program prints the candidates itself.
function __mmgc_reply
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    $words[1..$argv[1]] __complete -- $words[(math $argv[1] + 1)..-1] "$current" 2>/dev/null
end
function __mmgc_is_ours
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- @PROGRAM@ (realpath -- $words[2] 2>/dev/null)
end
complete -c mmgc -a '(__mmgc_reply 1)'
complete -c python -n __mmgc_is_ours -a '(__mmgc_reply 2)'
complete -c python3 -n __mmgc_is_ours -a '(__mmgc_reply 2)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@dataclasses.dataclass(frozen=True)
class CompletionArguments:
    """Print a script that lets a shell complete commands, options, methods, models and data sets.

    It completes `python cli.py …` and the installed program `mmgc`. It asks the program at
    each completion, so it is never out of date.

    Attributes:
        shell: the shell to print the script for.
    """

    shell: Annotated[Literal["bash", "zsh", "fish"], tyro.conf.Positional]


def run(argv: list[str]) -> int:
    """`completion`: see `CompletionArguments`."""
    args = parse(CompletionArguments, argv, "completion", EXAMPLES)
    print(SCRIPTS[args.shell].replace("@PROGRAM@", shlex.quote(str(PROGRAM))), end="")
    return OK
