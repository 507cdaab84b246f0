"""The command `lint`: the findings in a document, a line each, and how many equations there are of each kind."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter

from symbackprop.answers.formulas import declared
from symbackprop.answers.linting import OPEN, RIGHT, WRONG, lint
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.given_file import network_of, text_in
from symbackprop.notations import Notation
from symbackprop.progress import Bar

DONE, FOUND = 0, 1


def lint_file(name: str, network: Network, notation: Notation | None, is_given: bool) -> int:
    """Judge a document, print what is not right, and say whether anything is wrong by the exit status.

    Args:
        name: of the file.
        network: which the document is about, unless it says another one in lines `% symbackprop: …`.
        notation: how it is written; the network's own, if it has one.
        is_given: whether the network was asked for, so that what the document says does not count.

    Raises:
        SymbackpropError: for a file that cannot be read, or a network in it that cannot.
    """
    document = text_in(name)
    said = declared(document)
    if said and not is_given:
        network, notation = _network_in(said, name), None
    with Bar("judging") as bar:
        found = lint(document, network, notation, progress=bar)
    for each in found:
        if each.word != RIGHT:
            print(each.says(name))
    counts = Counter(each.word for each in found)
    print(f"{len(found)} equations: " + ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
    if counts[OPEN]:
        print(f"{counts[OPEN]} are neither proved nor refuted", file=sys.stderr)
    return FOUND if counts[WRONG] else DONE


def _network_in(said: str, name: str) -> Network:
    """The network that a document says, in TOML."""
    try:
        table = tomllib.loads(said)
    except tomllib.TOMLDecodeError as error:
        raise SymbackpropError(f"{name}: what stands behind % symbackprop: is no TOML: {error}") from None
    return network_of(table, name)
