"""From LaTeX to trees: `parse(text)`, in a notation and a network, typed by the shapes of the network's quantities.

What is printed is read back as the tree that it was printed from, but for what is written alike:

- A number with a sign, or a fraction of two, is one `Number`; a scalar of whole numbers and sizes only that is affine
  and has a letter in it is one `Size`, in which `n_l - 1` counts the units of a layer with a bias unit.
- A number in a sum with columns is the column of it: `1 - a` is `1⃗ - a`.
- A column among zeros of one column is that column. Which column dots leave open is that of the row which the left side
  is differentiated by, and a line that goes on has the left side that it is given.
- The depth is a size in scripts and bounds; on the line `L` is the loss.
- A derivative is in denominator layout; a formula in numerator layout looks the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from symbackprop.activations import FUNCTIONS, activation
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Product
from symbackprop.forward import ForwardNetwork
from symbackprop.latex import (
    meaning_big,
    meaning_cases,
    meaning_derivatives,
    meaning_functions,
    meaning_matrices,
    meaning_named,
    meaning_notes,
    meaning_scripts,
    meaning_special,
    meaning_sums,
    meaning_terms,
)
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.fluent import fluent
from symbackprop.latex.grammar import cut, joined, surface
from symbackprop.latex.meaning_statements import Said, state
from symbackprop.latex.readings import Mark, Reader, spans_of
from symbackprop.latex.scope import Scope
from symbackprop.latex.surface import Letter, Span, Surface
from symbackprop.latex.tokens import Token
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.orientation import in_rows
from symbackprop.quantities import Quantities
from symbackprop.shapes import Shape
from symbackprop.statements import Statement
from symbackprop.substitution import free_symbols
from symbackprop.tree import Node, Path, children

_TREES = (Expr, Statement)
# importing them registers what each kind of surface means
REGISTERED = (
    meaning_terms,
    meaning_scripts,
    meaning_sums,
    meaning_functions,
    meaning_special,
    meaning_derivatives,
    meaning_matrices,
    meaning_cases,
    meaning_named,
    meaning_notes,
    meaning_big,
)


@dataclass(frozen=True)
class Parsed:
    """What was read.

    Attributes:
        mark: where it was read from.
        assumed: what was taken for granted, in words.
    """

    tree: Expr | Statement
    mark: Mark
    assumed: tuple[str, ...] = ()

    @cached_property
    def spans(self) -> Mapping[Path, Span]:
        """By the path of each part of the tree: the half-open characters of the text that it was read from."""
        return spans_of(self.tree, self.mark)


def parse(
    text: str,
    notation: str | Notation = "lecture",
    network: Network | None = None,
    symbols: Mapping[str, str | Expr] | None = None,
) -> Expr | Statement:
    r"""The expression or statement that LaTeX says.

    Args:
        notation: what letters mean: the name of a notation, or one with other symbols.
        network: says what quantities there are, and their shapes; the lecture's if it is not given.
        symbols: further letters: `{r"\sigma": "tanh"}` or `{r"\delta_2": r"\frac{\partial L}{\partial z_2}"}`.

    Raises:
        ReadingError: for what is no formula, does not conform, or may be read in two ways; it points at the place.
    """
    return read(text, notation, network, symbols).tree


def read(
    text: str,
    notation: str | Notation = "lecture",
    network: Network | None = None,
    symbols: Mapping[str, str | Expr] | None = None,
    *,
    left: Expr | None = None,
    like: Shape | None = None,
    scope: Scope | None = None,
    whole: Surface | None = None,
) -> Parsed:
    """`parse`, with the place in the text of every part of the tree.

    Args:
        left: the side that a line which starts with a relation goes on from.
        like: the shape of what the line is about; it decides what the text leaves open.
        scope: what letters mean, in place of the notation, the network and the symbols.
        whole: the surface of the text, where that was looked at before.

    Raises:
        ReadingError: as `parse` does.
    """
    if scope is None:
        scope = scope_of(notation, network, symbols) if symbols else _scope(notation, network)
    reader, like = _reader(text, scope, left, like)
    try:
        if whole is not None:
            return _parsed(state(whole, reader, like), scope)
        found = cut(text)
        return _parsed(fluent(found, reader, like) or state(joined(text, found), reader, like), scope)
    except RecursionError:
        raise ReadingError("this formula is nested too deeply: give parts of it names", text, (0, 1)) from None


def read_at_once(
    text: str, found: list[Token], scope: Scope, left: Expr | None = None, like: Shape | None = None
) -> Parsed | None:
    """`read` of a text whose tokens were found, where what it says is known at once; else None."""
    reader, like = _reader(text, scope, left, like)
    said = fluent(found, reader, like)
    return None if said is None else _parsed(said, scope)


def _reader(text: str, scope: Scope, left: Expr | None, like: Shape | None) -> tuple[Reader, Shape | None]:
    """Who reads a text, and the shape that is wanted, as the formulas of the scope have it."""
    if scope.turned:
        left = None if left is None else in_rows(left, scope.network)
        like = None if like is None else like[::-1]
    return Reader(text, scope, left=left), like


def _parsed(said: Said, scope: Scope) -> Parsed:
    tree = said.tree
    assert isinstance(tree, _TREES)
    if not scope.turned:
        return Parsed(tree, said.mark, said.assumed)
    back = in_rows(tree, scope.network)
    return Parsed(back, _turned(tree, back, said.mark, scope), said.assumed)


def _turned(e: Node, back: Node, mark: Mark, scope: Scope) -> Mark:
    """The spans of a formula about rows, for the same about columns, in which factors stand in another order."""
    before, after = list(children(e)), children(back)
    if len(mark.parts) != len(before) or len(before) != len(after):
        return Mark(mark.span)
    left = list(zip(before, mark.parts, strict=True))[::-1]
    if not isinstance(e, Product):
        left.reverse()
    parts: list[Mark] = []
    for part in after:
        here = next(
            i for i, (each, _) in enumerate(left) if not isinstance(e, Product) or _is_turned(each, part, scope)
        )
        inner, own = left.pop(here)
        parts.append(_turned(inner, part, own, scope))
    return Mark(mark.span, tuple(parts))


def _is_turned(one: Node, two: Node, scope: Scope) -> bool:
    return bool(in_rows(one, scope.network) == two)


def _scope(notation: str | Notation, network: Network | None) -> Scope:
    """What letters mean, made once for a network that never changes."""
    if network is None or isinstance(network, MLP):
        return _kept(notation, network)
    if not isinstance(network, Quantities):
        return scope_of(notation, network)
    made = network.kept(("scope", notation), lambda: scope_of(notation, network))
    # a copy begins with what its original has kept
    return made if made.network is network else scope_of(notation, network)


@lru_cache(maxsize=64)
def _kept(notation: str | Notation, network: MLP | None) -> Scope:
    """The scope of a network that never changes, made once."""
    return scope_of(notation, network)


def scope_of(
    notation: str | Notation = "lecture",
    network: Network | None = None,
    symbols: Mapping[str, str | Expr] | None = None,
    numerator: bool = False,
) -> Scope:
    """What letters mean in a notation and a network; make it once to read many formulas.

    Args:
        numerator: whether derivatives are written in numerator layout; what is read is in denominator layout.

    Raises:
        SymbackpropError: for a symbol whose meaning cannot be read.
    """
    where = network or MLP()
    letters = notation_named(notation)
    if isinstance(where, ForwardNetwork):
        # as they are printed: the marks of the notation, the letters that the network was given with
        letters = where.written_in(letters)
    plain = Scope(letters, where)
    given: dict[Surface, Expr] = {}
    functions: dict[str, str] = {}
    for letter, meaning in (symbols or {}).items():
        shown = surface(letter)
        name = _function(meaning) if isinstance(meaning, str) else None
        if name is not None and isinstance(shown, Letter):
            functions[shown.text] = name
        elif isinstance(meaning, Expr):
            given[shown] = meaning
        else:
            tree = state(surface(meaning), Reader(meaning, plain), None).tree
            if not isinstance(tree, Expr):
                raise SymbackpropError(f"the symbol {letter} stands for an expression: {meaning!r} is none")
            given[shown] = tree
    return Scope(letters, where, given, functions, numerator)


def _function(meaning: str) -> str | None:
    """The scalar function of that name; None where there is none."""
    if meaning in FUNCTIONS:
        return meaning
    try:
        return activation(meaning).name
    except SymbackpropError:
        return None


def free_indices(tree: Expr | Statement, network: Network | None = None) -> frozenset[str]:
    """The indices that occur free in a tree: not bound by a sum, and no size or depth of the network.

    A side of an equation with one that the other side has not lacks a summation sign.
    """
    where = network or MLP()
    sizes = frozenset(getattr(where, "sizes", ())) | where.depth.symbols
    sides = tree._values()[0] if isinstance(tree, Statement) else (tree,)
    found: set[str] = set()
    for side in sides if isinstance(sides, tuple) else (sides,):
        found |= free_indices(side, where) if isinstance(side, Statement) else free_symbols(side)
    return frozenset(found) - sizes
