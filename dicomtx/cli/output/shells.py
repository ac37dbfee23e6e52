"""Completion in bash, zsh and fish: the script of each, and the answers to it."""

from typing import TYPE_CHECKING, Any, ClassVar, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    shell_complete,
)

if TYPE_CHECKING:
    Base = ShellComplete
else:
    Base = object

VARIABLE: Final = "_DICOMTX_COMPLETE"
PROGRAM: Final = "dicomtx"
BASH: Final = r"""# bash completion of dicomtx; add to ~/.bashrc: eval "$(dicomtx completion bash)"
%(complete_func)s() {
    local kind value text words
    words=$(IFS=$'\n'; echo "${COMP_WORDS[*]}")
    COMPREPLY=()
    while IFS=$'\t' read -r kind value text; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(COMP_WORDS="$words" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete \
        "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
ZSH: Final = r"""#compdef %(prog_name)s
# zsh completion of dicomtx; add to ~/.zshrc after compinit: eval "$(dicomtx completion zsh)"
%(complete_func)s() {
    local kind value text files= found=1
    local -a plain described
    while IFS=$'\t' read -r kind value text; do
        case $kind in
            plain)
                if [[ -n $text ]]; then described+=("${value//:/\\:}:$text")
                else plain+=("$value")
                fi ;;
            file) files=-f ;;
            dir) files=-/ ;;
        esac
    done < <(COMP_WORDS="${(pj:\n:)words}" COMP_CWORD=$((CURRENT - 1)) \
        %(complete_var)s=zsh_complete $words[1] 2>/dev/null)
    [[ $words[CURRENT] == --*=* ]] && compset -P '*='
    (( $#described )) && _describe -V %(prog_name)s described && found=0
    (( $#plain )) && compadd -V %(prog_name)s -a plain && found=0
    [[ -n $files ]] && _path_files $files && found=0
    return found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""
FISH: Final = r"""# fish completion of dicomtx; add to config.fish: dicomtx completion fish | source
function %(complete_func)s
    set -lx COMP_WORDS (string join \n -- (commandline -opc) (commandline -t) | string collect)
    set -lx COMP_CWORD (commandline -t)
    set -lx %(complete_var)s fish_complete
    set -l option (string match -r '^--[^=]*=' -- (commandline -t))
    set -l path (string replace -r '^--[^=]*=' '' -- (commandline -t))
    for line in (%(prog_name)s 2>/dev/null)
        set -l parts (string split -m 1 \t -- $line)
        switch $parts[1]
            case plain
                echo $parts[2]
            case file
                for name in (__fish_complete_path $path)
                    echo "$option$name"
                end
            case dir
                for name in (__fish_complete_directories $path)
                    echo "$option$name"
                end
        end
    end
end
complete --no-files --keep-order --command %(prog_name)s --arguments '(%(complete_func)s)'
"""


def complete(root: click.Command, instruction: str) -> int:
    """Answers a completion script, and returns the exit code.

    Args:
        root: the whole command line.
        instruction: such as ``bash_complete``; the words are in COMP_WORDS.
    """
    for shell in SHELLS.values():
        add_completion_class(shell)
    return shell_complete(root, {}, PROGRAM, VARIABLE, instruction)


class _Lines(Base):
    """Writes each item as a line: kind, value and help, separated by tabs."""

    def source(self) -> str:
        """Returns the script."""
        return self.source_template % self.source_vars()

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """Returns the line of one item."""
        text = " ".join((item.help or "").split())
        return "\t".join(filter(None, (item.type, item.value, text)))


class _Bash(_Lines, BashComplete):
    source_template: ClassVar[str] = BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Returns the words before the cursor, and the word at it; bash splits at "="."""
        words, incomplete = super().get_completion_args()
        if words and words[-1] == "=":
            words.pop()
        return words, incomplete


class _Zsh(_Lines, ZshComplete):
    source_template: ClassVar[str] = ZSH


class _Fish(_Lines, FishComplete):
    source_template: ClassVar[str] = FISH

    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem[Any]]":
        """Returns the items; fish compares them with the whole word, as in ``--to=``."""
        found = super().get_completions(args, incomplete)
        option, equals, _ = incomplete.partition("=")
        if not (equals and option.startswith("--")):
            return found
        return [CompletionItem(f"{option}={item.value}", type=item.type) for item in found]


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def script(shell: str) -> str:
    """Returns the completion script of a shell, without a newline at its end."""
    return SHELLS[shell](click.Command(PROGRAM), {}, PROGRAM, VARIABLE).source().rstrip()
