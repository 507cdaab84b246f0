"""What every part of speech shares: what is spoken, how phrases stand within others; and the names, numbers, sizes."""

from __future__ import annotations

from enum import IntEnum
from functools import singledispatch

from symbackprop import expr, groups
from symbackprop.dims import DEPTH, Dim, Units, dim, index
from symbackprop.equations import Network
from symbackprop.expr import Expr
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.render.letters import GENERIC
from symbackprop.render.spoken import (
    FRACTIONS,
    dim_words,
    indexed,
    is_compound,
    letter,
    lettered,
    rational_words,
    said,
    size_words,
    spelled_out,
)
from symbackprop.substitution import counts_layers
from symbackprop.tree import Node

_PRIMES = {0: "", 1: " prime", 2: " double prime", 3: " triple prime"}


class Level(IntEnum):
    """How a phrase stands within another one."""

    # two parts with a sign between them: a quantity of its own within anything else
    INFIX = 0
    # takes what follows along: a comma ends it
    PREFIX = 1
    # a name
    NAME = 2


@singledispatch
def speak(e: Node, network: Network | None = None, notation: Notation | None = None) -> str:
    """An expression or a statement in words.

    Args:
        e: what is to be spoken.
        network: says the sizes of matrices and which pre-activation is the output `ŷ`. Without one no sizes of
            matrices are said, and the output is the one after `L` hidden layers.
        notation: says the letters; those of the lecture if it is not given.

    Raises:
        TypeError: for a node that nobody registered words for.
    """
    raise TypeError(f"{type(e).__name__} has no words registered: add @speak.register for it")


@singledispatch
def level(e: Node) -> Level:
    """How the words of an expression stand within others; a quantity of its own is always right."""
    return Level.INFIX


def stands(tightness: Level, *kinds: type[Expr]) -> None:
    """Say of kinds of expressions how their words stand within others."""
    for kind in kinds:
        level.register(kind)(lambda e: tightness)


def quantity(words: str) -> str:
    """Words that are enclosed, as parentheses do it on paper."""
    return f"the quantity {words}, end quantity"


def of(e: Expr, network: Network | None, notation: Notation | None) -> str:
    """The words of an operand: a quantity of its own where it has parts with a sign between them."""
    words = speak(e, network, notation)
    return quantity(words) if level(e) == Level.INFIX else words


def infix(parts: list[tuple[str, str, Level]]) -> str:
    """Words with connectives before them; a comma after what would take the connective along."""
    text, before = "", Level.NAME
    for connective, words, tightness in parts:
        comma = "," if text and before < Level.NAME else ""
        text += f"{comma} {connective} {words}" if text else f"{connective} {words}".strip()
        before = tightness
    return text


# --- names, numbers, sizes -------------------------------------------------------------------------------------------


@speak.register
def _(e: expr.Variable, network: Network | None = None, notation: Notation | None = None) -> str:
    if notation is None:
        return indexed(said(e.name), e.index)
    row = notation.of_name(e.name, isinstance(network, MLP))
    return indexed(letter(row), e.index, notation=notation, row=row)


@level.register
def _(e: expr.Variable) -> Level:
    is_output = isinstance(e, expr.PreActivation) and e.index == DEPTH + 1
    return Level.PREFIX if e.index is not None and is_compound(e.index) and not is_output else Level.NAME


def _layered(e: expr.Variable, what: str, default: str, notation: Notation | None) -> str:
    """A quantity with its layer."""
    row = None if notation is None else notation.quantity[what]
    return indexed(lettered(what, default, notation), e.index, notation=notation, row=row)


@speak.register
def _(e: expr.PreActivation, network: Network | None = None, notation: Notation | None = None) -> str:
    last = DEPTH if network is None else network.depth
    if e.index == last + 1 and (notation is None or "output" in notation.quantity):
        return lettered("output", "y hat", notation)
    return _layered(e, "preactivation", "z", notation)


@speak.register
def _(e: expr.Hidden, network: Network | None = None, notation: Notation | None = None) -> str:
    if e.index == dim(0) and (notation is None or "input" in notation.quantity):
        return lettered("input", "x", notation)
    return _layered(e, "hidden", "h", notation)


@speak.register
def _(e: expr.Weight, network: Network | None = None, notation: Notation | None = None) -> str:
    return _layered(e, "weight", "W", notation)


@speak.register
def _(e: expr.Bias, network: Network | None = None, notation: Notation | None = None) -> str:
    return _layered(e, "bias", "b", notation)


@speak.register
def _(e: expr.Target, network: Network | None = None, notation: Notation | None = None) -> str:
    return lettered("target", "y", notation)


@speak.register
def _(e: expr.Loss, network: Network | None = None, notation: Notation | None = None) -> str:
    return loss_words(notation)


def loss_words(notation: Notation | None) -> str:
    """`L` by ear."""
    # the depth is "capital L", a layer "l": by ear the letter alone would not do
    return f"the loss {lettered('loss', 'L', notation)}"


@level.register
def _(e: expr.Number) -> Level:
    return Level.NAME if e.value.denominator == 1 or e.value in FRACTIONS else Level.INFIX


@speak.register
def _(e: expr.Number, network: Network | None = None, notation: Notation | None = None) -> str:
    return rational_words(e.value)


@speak.register
def _(e: expr.Size, network: Network | None = None, notation: Notation | None = None) -> str:
    return size_words(e.size, network, notation)


@level.register
def _(e: expr.Size) -> Level:
    return Level.INFIX if is_compound(spelled_out(e.size, None)) else Level.NAME


@speak.register
def _(e: expr.Identity, network: Network | None = None, notation: Notation | None = None) -> str:
    return "the identity matrix"


@speak.register
def _(e: groups.Membership, network: Network | None = None, notation: Notation | None = None) -> str:
    layer = next((atom.layer for atom, _ in e.size.terms if isinstance(atom, Units)), None)
    of_layer = "" if layer is None else f" of layer {dim_words(layer, notation=notation)}"
    return f"the group membership matrix{of_layer}"


@speak.register
def _(e: expr.Zeros, network: Network | None = None, notation: Notation | None = None) -> str:
    return "the vector of zeros"


@speak.register
def _(e: expr.Ones, network: Network | None = None, notation: Notation | None = None) -> str:
    return "the vector of ones"


@speak.register
def _(e: expr.Kronecker, network: Network | None = None, notation: Notation | None = None) -> str:
    one, two = (dim_words(i, notation=notation) for i in (e.one, e.two))
    return f"the Kronecker delta of {one} and {two}"


# --- functions and ranges --------------------------------------------------------------------------------------------


def function_words(name: str, order: int, network: Network | None, notation: Notation | None) -> str:
    primes = _PRIMES.get(order)
    spoken = said(_letter(name, network, notation))
    return f"derivative {order} of {spoken}" if primes is None else spoken + primes


def _letter(name: str, network: Network | None, notation: Notation | None) -> str:
    """What a function is called: the network's own activation has a letter in some notations."""
    if notation is None or name in notation.letters:
        return name if notation is None else notation.letters[name]
    row = notation.quantity.get("activation")
    is_own = name == GENERIC and isinstance(network, MLP) and network.activation.name == GENERIC
    return row.letter if row is not None and is_own else name


def bounds_words(
    name: str,
    first: Dim,
    last: Dim,
    body: Node,
    network: Network | None,
    notation: Notation | None,
    way: str = "to",
) -> str:
    symbol = index(name)
    if notation is not None:
        is_layer = bool(notation.first) and counts_layers(name, body)
        first, last = (notation.value(name, end, is_layer) for end in (first, last))
        symbol = symbol - notation.shift_of(name)
    low, high = (size_words(end, network, notation) for end in (first, last))
    return f"over {dim_words(symbol, notation=notation)} from {low} {way} {high}"
