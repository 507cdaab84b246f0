"""What every part of the layout shares: how a line is to look, how tightly formulas bind, and how sizes are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache, cached_property, singledispatch

from symbackprop import dims
from symbackprop.derivation import Shown
from symbackprop.dims import Bounds, Dim, Units, Width, as_width
from symbackprop.equations import Network
from symbackprop.expr import Expr
from symbackprop.forward import ForwardNetwork
from symbackprop.network import MLP
from symbackprop.notations import Notation, Written, notation
from symbackprop.orientation import in_rows
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Fenced, Infix, Row, Scripts, Symbol, Words
from symbackprop.shapes import Shape, shape
from symbackprop.tree import Node

Laid = dict[tuple[Node, int], Box]

# --- how a line looks ------------------------------------------------------------------------------------------------


def _lecture() -> Notation:
    return notation("lecture")


@dataclass(frozen=True)
class Look:
    """How formulas are to look.

    Attributes:
        network: says the sizes of matrices, and which pre-activation is the output.
        notation: says the letters.
        shown: labels and dimensions for this line; `showing` changes it and keeps what is laid out already.
        short: whether the activation Jacobian is `D_l` rather than a matrix with dots.
        spelled: whether derivatives are written out where the notation has a short name for them.
        known: bounds of the integer symbols; a size that is spelled differently at a bound gets an "or".
    """

    network: Network = field(default_factory=MLP)
    notation: Notation = field(default_factory=_lecture)
    shown: Shown = field(default_factory=Shown)
    short: bool = False
    spelled: bool = False
    known: Bounds = field(default_factory=dict)
    # laid-out parts, by what of `shown` and `known` they depend on; lines of one derivation share most of their parts
    _laid: dict[object, Laid] = field(default_factory=dict, init=False, repr=False, compare=False)
    _dims: dict[tuple[Dim, bool], Box] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.network, ForwardNetwork):
            # whoever wrote the equations reads their own letters
            object.__setattr__(self, "notation", self.network.written_in(self.notation))

    def showing(self, shown: Shown) -> Look:
        """The same look for another line."""
        return self._sharing(replace(self, shown=shown))

    def within(self, index: str, lower: Dim, upper: Dim) -> Look:
        """The same look inside a product or sum, where the index is bound."""
        return self._sharing(replace(self, known={**self.known, index: (lower, upper)}))

    @cached_property
    def output_layer(self) -> Dim:
        """The layer whose pre-activations are the output."""
        return self.network.depth + 1

    @cached_property
    def turned(self) -> bool:
        """Whether the notation has examples as rows where the network has them as columns, or the other way round."""
        return self.notation.data != self.network.data

    def placed(self, e: Node) -> Node:
        """What is laid out for an expression or statement of the network: the same, or turned (`in_rows`)."""
        return in_rows(e, self.network) if self.turned else e

    def shape(self, e: Expr) -> Shape:
        """Rows × columns of an expression that is laid out."""
        if not self.turned:
            return shape(e, self.network)
        back = in_rows(e, self.network)
        assert isinstance(back, Expr)
        columns, rows = shape(back, self.network)
        return rows, columns

    def of_name(self, name: str) -> Written:
        """How a variable is written that is no quantity of the lecture's network."""
        return self.notation.of_name(name, isinstance(self.network, MLP))

    def length(self, e: Expr) -> Dim:
        """The number of entries of a vector that is laid out."""
        return self.shape(e)[1 if self.turned else 0]

    @cached_property
    def bare(self) -> Look:
        """The same look without dimensions, for what has a brace already."""
        return self.showing(replace(self.shown, dimensions="none"))

    def _sharing(self, other: Look) -> Look:
        object.__setattr__(other, "_laid", self._laid)
        object.__setattr__(other, "_dims", self._dims)
        return other

    @cached_property
    def laid(self) -> Laid:
        """What is laid out already; of `known` only the notes below braces depend."""
        braced = self.shown.dimensions
        known = tuple(self.known.items()) if braced == "all" else ()
        key = (self.shown.column_label, braced, self.shown.notes, known)
        return self._laid.setdefault(key, {})


# --- what binds how tightly ------------------------------------------------------------------------------------------


class Level(IntEnum):
    """How tightly a formula binds, from the loosest: what stands where a tighter one is needed gets parentheses."""

    SUM = 0
    # a sum sign takes everything to its right along, so it may only stand last in a product
    OPEN = 1
    PRODUCT = 2
    FACTOR = 3
    # takes a script: a letter, something between delimiters
    BASE = 4

    # that of an enumeration goes through its name, and levels are looked up often
    __hash__ = int.__hash__


@singledispatch
def layout(e: Node, look: Look) -> Box:
    """The boxes of an expression or a statement. A new node registers itself: `@layout.register`, and its `level`."""
    raise TypeError(f"{type(e).__name__} has no layout registered: add @layout.register for it")


@singledispatch
def level(e: Node, look: Look) -> Level:
    """How tightly the layout of an expression binds; the loosest if nothing is said: parentheses are never wrong."""
    return Level.SUM


def inside(e: Expr, look: Look, needed: Level = Level.SUM) -> Box:
    """The boxes of a part, in parentheses where it binds less tightly than its place needs."""
    laid = look.laid
    found = laid.get((e, needed))
    if found is None:
        found = layout(e, look)
        if level(e, look) < needed:
            found = parenthesised(found)
        if look.shown.notes:
            found = _noted(found, e, look)
        laid[e, needed] = found
    return found


def _noted(box: Box, e: Expr, look: Look) -> Box:
    """The boxes of a part with the line's words for it below a brace, if it has any."""
    for part, words in look.shown.notes:
        if look.placed(part) == e:
            return boxes.Under(box, Words(words))
    return box


def tall(box: Box) -> bool:
    """Whether delimiters around it should grow."""
    match box:
        case boxes.Matrix() | boxes.Fraction() | boxes.Big() | boxes.Under() | boxes.Over() | boxes.Radical():
            return True
        case Row(items):
            return any(map(tall, items))
        case Scripts(base):
            return tall(base)
        case Fenced(_, body):
            return tall(body)
    return False


def fenced(opening: str, body: Box, closing: str) -> Fenced:
    """A body between delimiters that grow if it is tall."""
    return Fenced(opening, body, closing, tall(body))


def parenthesised(box: Box) -> Fenced:
    return fenced("(", box, ")")


def applied(function: Box, argument: Box) -> Row:
    """`f(x)`; what stands between parentheses already gets no second pair, as `(0 … x … 0)`."""
    single = isinstance(argument, Fenced) and argument.opening == "("
    return Row((function, argument if single else parenthesised(argument)))


def called(function: Box, argument: Box, look: Look) -> Row:
    """A function of the notation applied, `a[f]` in some; what stands between parentheses gets no second pair."""
    if look.notation.brackets == "(":
        return applied(function, argument)
    return Row((function, fenced("[", argument, "]")))


def raised(base: Box, mark: Box) -> Box:
    """A base with a mark above right: `W_l^⊤`, `W^{[l]⊤}`; parentheses where something else stands there already."""
    if isinstance(base, Scripts) and not base.primes:
        if base.sup is None:
            return Scripts(base.base, base.sub, mark)
        if isinstance(base.sup, Fenced):
            return replace(base, sup=Row((base.sup, mark)))
    if isinstance(base, Scripts):
        base = parenthesised(base)
    return Scripts(base, sup=mark)


# --- letters with marks ----------------------------------------------------------------------------------------------

SIGNS = {sign: Symbol(sign) for sign in ("+", "−")}
ZERO = Symbol("0")


@cache
def letter(written: Written, accent: str = "") -> Box:
    """A letter with its arrow and accents, without indices."""
    is_operator = len(written.letter) > 1
    plain: Box = Symbol(written.letter, operator=is_operator)
    if written.prefix:
        plain = boxes.Prefixed(written.letter, is_operator, written.prefix)
    return accented(styled(plain, written.style), written.accent, accent)


def styled(box: Box, style: str) -> Box:
    """A letter marked as a vector, in a notation's style."""
    if style == "vec":
        return boxes.Accent(box, "vec")
    return boxes.Bold(box) if style == "bold" else box


def accented(box: Box, *accents: str) -> Box:
    """A letter under accents, the innermost first; empty ones are left out."""
    for accent in filter(None, accents):
        box = boxes.Accent(box, accent)
    return box


def zero_vector(look: Look) -> Box:
    return styled(ZERO, look.notation.vectors)


def listed(items: tuple[Box, ...], separator: str) -> Box:
    """Indices side by side: `l,j`."""
    made: list[Box] = []
    if not separator and not _stand_apart(items):
        separator = ","
    between = _separator(separator)
    for item in items:
        if made and separator:
            made.append(between)
        made.append(item)
    return made[0] if len(made) == 1 else Row(tuple(made))


def _stand_apart(items: tuple[Box, ...]) -> bool:
    """Whether indices can be told apart without a sign between them: `w_{j0}`, but not `w_{11}` or `w_{ji+1}`."""
    texts = [item.text if isinstance(item, Symbol) and len(item.text) == 1 else "" for item in items]
    return all(texts) and not any(one.isdigit() for one in texts[:-1])


@cache
def _separator(text: str) -> Symbol:
    return Symbol(text)


def indexed(written: Written, layer: Dim | None, entries: tuple[Box, ...], look: Look, accent: str = "") -> Box:
    """A letter with its layer, where the notation puts it, and further indices below."""
    base = letter(written, accent)
    sup: Box | None = None
    if layer is not None and written.place != "none":
        at = look.notation.numbered(layer) if written.layered else layer
        where = dims_layout(at + written.shift if written.shift else at, look, tight=True)
        if written.place == "sub":
            entries = (where, *entries)
        else:
            sup = Fenced(written.fence, where, CLOSING[written.fence], False) if written.fence else where
    if written.label:
        label = _label(written.label)
        entries = (*entries, label) if written.label_last else (label, *entries)
    sub = listed(entries, look.notation.separator) if entries else None
    return base if sub is None and sup is None else Scripts(base, sub, sup)


def _label(text: str) -> Box:
    is_name = len(text) > 1 and not text.isdigit()
    return Words(text) if is_name else Symbol(text)


CLOSING = {"(": ")", "[": "]", "{": "}"}


# --- sizes -----------------------------------------------------------------------------------------------------------


def spelled(d: Dim, network: Network) -> Dim:
    """The dim as a person writes it: numbers of units as widths, what the network knows put in."""
    if not any(isinstance(atom, Width | Units) for atom, _ in d.terms):
        return d
    return network.normal(d).map_sizes(as_width)


def is_single(d: Dim, look: Look) -> bool:
    """Whether a dim is written without + and -."""
    d = spelled(d, look.network)
    if not d.terms:
        return d.constant >= 0
    return len(d.terms) == 1 and not d.constant and d.terms[0][1] > 0


def dims_layout(d: Dim, look: Look, tight: bool = False) -> Box:
    """A size or an index: `n_l - 1`. In a script (`tight`) its signs have no blanks around them: `l+1`."""
    if not d.terms and d.constant >= 0:
        return digits(d.constant)
    found = look._dims.get((d, tight))
    if found is None:
        found = look._dims[d, tight] = _dims_layout(d, look, tight)
    return found


@cache
def digits(value: int) -> Symbol:
    """A natural number; one box for each, so that each format writes it once."""
    return Symbol(str(value))


def _dims_layout(d: Dim, look: Look, tight: bool) -> Box:
    d = _lettered(spelled(d, look.network), look.notation)
    items: list[Box] = []

    def sign(negative: bool) -> None:
        if negative or items:
            text = "−" if negative else "+"
            items.append(Infix(text) if items and not tight else SIGNS[text])

    for atom, c in d.terms:
        sign(c < 0)
        if abs(c) != 1:
            items.append(digits(abs(c)))
        items.append(_atom(atom, look))
    if d.constant or not items:
        sign(d.constant < 0)
        items.append(digits(abs(d.constant)))
    return items[0] if len(items) == 1 else Row(tuple(items))


def _lettered(d: Dim, letters: Notation) -> Dim:
    """A dim with the letters of its symbols put in; the layers of its sizes get theirs where they are written."""
    sizes = tuple((atom, c) for atom, c in d.terms if not isinstance(atom, dims.Symbol))
    if not sizes:
        return letters.indices(d)
    rest = Dim(tuple((atom, c) for atom, c in d.terms if isinstance(atom, dims.Symbol)), d.constant)
    return Dim(sizes) + letters.indices(rest)


def _atom(atom: dims.Atom, look: Look) -> Box:
    if isinstance(atom, dims.Symbol):
        letter, _, label = atom.name.partition("_")
        return Scripts(Symbol(letter), sub=Symbol(label)) if letter and label else Symbol(atom.name)
    written = look.notation.quantity["width"]
    return indexed(written, atom.layer, (), look)


def bounds_of(known: Bounds, hidden: frozenset[str]) -> Mapping[str, tuple[Dim, ...]]:
    """The ends of the range of each integer symbol that has any, but for those of the network itself (its depth)."""
    return {name: tuple(end for end in ends if end is not None) for name, ends in known.items() if name not in hidden}
