"""Notations: which letter stands for which quantity, and where its indices stand. Each is one data file, found by name.

A file holds marks, then tables of rows `Written`:

- `title`: the course or book.
- `vectors`: how the columns 0 and 1 are marked, as a `style`.
- `transpose`, `hadamard`: the signs. `separator`: between indices. `row_mark`: what follows the row in `w_{l,j,·}`.
- `place`, `fence`: where layers stand in the rows that do not say it, and in names that are in no table.
- `first`: the number of the input layer, 0 or 1. A row's `shift` comes on top of it.
- `brackets`: "(" or "[", what stands around the argument of a function: `a[f]`.
- `derivative`: "fraction", or "nabla" where the gradient of the loss is written `∇_W J`.
- `slopes`: "last" where the slopes stand behind the gradient in a Hadamard product: `(wᵀ δ) ⊙ σ'(z)`.
- `bias`, `data`: what the course has where nobody says it: `--bias`, and "columns" or "rows" for `--data`. With rows a
  formula is printed by the exact map of `symbackprop.orientation`: `x W + b`.
- `[quantity]`: the network's quantities. `input` and `output` may be missing: then they are written as the hidden
  units of layer 0 and the last pre-activation. Entries and columns of the weights are written as `weight_row` is.
  Three more may be there: `activation`, the letter of the network's own activation where it is the generic `g`, with
  the layer of its argument where its `place` is "sub" or "sup" (`g'^{[1]}(Z^{[1]})`); `loss_function`, the function
  `ℒ` in `J = ℒ(ŷ, y)`, else the letter of the loss; `kronecker`, else δ.
- `[gradient]`: short names of ∂L/∂quantity, as δ for the pre-activation.
- `[named]`: variables of other networks; one that is not listed is written as its name, `W_x` with a subscript.
- `[added]`: variables that a normalization or a proof adds to an `MLP`, whose own letters the course may have taken;
  `prediction` is the network as a function, `f(x; {W_l})`.
- `[index]`: letters of the integer symbols where they differ: `L = { letter = "l", shift = -1 }` writes `l-1` for `L`.
  A letter that another symbol has is taken from it, so that symbol needs a row too.
- `[letters]`: letters of other names, functions among them.

A table in which two quantities look the same is refused when it is loaded. Printers and the parser read the same table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pkgutil import get_data
from typing import Any

from symbackprop.dims import Dim, Symbol, index
from symbackprop.errors import SymbackpropError

_GREEK = """alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ
omicron ο pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"""
# the letter of each Greek name: "sigma" is σ
GREEK: Mapping[str, str] = dict(zip(_GREEK.split()[::2], _GREEK.split()[1::2], strict=True))

STYLES = ("plain", "vec", "bold")
ACCENTS = ("", "hat", "bar", "tilde")
PLACES = ("sub", "sup", "none")
# the keys that say where a layer stands
PLACED = ("place", "fence")
# what integer symbols are called in the derivations: layers, units, examples, sizes, and the depth
INDICES = frozenset("LNcdijklmnpq")
BIASES = ("augmented", "separate", "none")
DATA = ("columns", "rows")
# what a named variable is in the networks of the topics: both are one thing, and may look the same
SAME_THING = {"x": "input", "y": "target", "z": "preactivation", "W": "weight", "b": "bias"}


@dataclass(frozen=True)
class Written:
    """How one quantity is written.

    Attributes:
        letter: in Unicode.
        style: "plain", "vec" or "bold"; its entries are always plain.
        accent: "hat", "bar", "tilde", or empty; over its entries too.
        place: where the layer stands, "sub" or "sup"; "none" if it is left out.
        fence: "(" or "[" around a layer that stands above.
        shift: what is added to the layer: 1 where weights are counted by the layer that they lead to.
        prefix: what stands before the letter: the d of `dZ`.
        label: a subscript that is part of the name: the x of `W_x`.
        label_last: whether the label stands behind the indices of an entry: `w_{j0}`.
        entry: the letter of entries where it is another one: `z_i` of `Z`.
        layered: whether its index is a layer, counted from the notation's `first`: in all tables but `[named]`.
    """

    letter: str
    style: str = "plain"
    accent: str = ""
    place: str = "sub"
    fence: str = ""
    shift: int = 0
    prefix: str = ""
    label: str = ""
    label_last: bool = False
    entry: str = ""
    layered: bool = False

    def __post_init__(self) -> None:
        for what, value, known in (
            ("style", self.style, STYLES),
            ("accent", self.accent, ACCENTS),
            ("place", self.place, PLACES),
            ("fence", self.fence, ("", "(", "[")),
        ):
            if value not in known:
                raise SymbackpropError(f"there is no {what} {value!r}: write one of {', '.join(map(repr, known))}")
        if not self.letter:
            raise SymbackpropError("a quantity needs a letter, but it is empty: write one, as 'U'")

    @cached_property
    def _hash(self) -> int:
        return hash((self.letter, self.style, self.accent, self.place, self.prefix, self.label, self.shift))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def plain(self) -> Written:
        """The same without arrow or bold: how an entry is written."""
        return replace(self, style="plain", letter=self.entry or self.letter)

    @property
    def looks(self) -> tuple[str, ...]:
        """What tells it from others, indices apart."""
        return self.letter, self.style, self.accent, self.prefix, self.label


@dataclass(frozen=True)
class IndexLetter:
    """An integer symbol of the tree written as `letter + shift`."""

    letter: str
    shift: int = 0


@dataclass(frozen=True)
class Notation:
    """A notation: a table from quantities to letters, and a few marks. See the package's docstring."""

    name: str
    title: str
    quantity: Mapping[str, Written] = field(hash=False)
    vectors: str = "vec"
    transpose: str = "⊤"
    hadamard: str = "⊙"
    separator: str = ","
    row_mark: str = ""
    place: str = "sub"
    fence: str = ""
    first: int = 0
    brackets: str = "("
    derivative: str = "fraction"
    slopes: str = "first"
    bias: str = "augmented"
    data: str = "columns"
    gradient: Mapping[str, Written] = field(default_factory=dict, hash=False)
    named: Mapping[str, Written] = field(default_factory=dict, hash=False)
    added: Mapping[str, Written] = field(default_factory=dict, hash=False)
    index: Mapping[str, IndexLetter] = field(default_factory=dict, hash=False)
    letters: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for what, value, known in (
            ("place", self.place, PLACES),
            ("bracket", self.brackets, ("(", "[")),
            ("form of a derivative", self.derivative, ("fraction", "nabla")),
            ("place of slopes", self.slopes, ("first", "last")),
            ("bias", self.bias, BIASES),
            ("data", self.data, DATA),
        ):
            if value not in known:
                raise SymbackpropError(f"there is no {what} {value!r}: write one of {', '.join(known)}")

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object]) -> Notation:
        """The notation that a parsed data file describes.

        Raises:
            SymbackpropError: for a table in which two quantities look the same.
        """
        values: dict[str, Any] = dict(table)
        where: dict[str, Any] = {key: values[key] for key in PLACED if key in values}
        layered = {**where, "layered": True}
        usual = {"quantity": layered, "gradient": layered, "added": layered, "named": where}
        for key, filled in usual.items():
            values[key] = {what: Written(**_filled(given, filled)) for what, given in values.get(key, {}).items()}
        values["index"] = {what: IndexLetter(**given) for what, given in values.get("index", {}).items()}
        made = cls(name=name, **values)
        made._refuse_clash({**made.named, **made.added})
        made._refuse_index_clash()
        return made

    def letter(self, name: str) -> str:
        """The letter for a name that is not in the tables: an activation `g`, a named variable."""
        return self.letters.get(name, GREEK.get(name, name))

    def of_name(self, name: str, is_added: bool = False) -> Written:
        """How a variable of another network is written, or one that is added to an `MLP`."""
        if is_added and name in self.added:
            return self.added[name]
        if name in self.named:
            return self.named[name]
        head, _, tail = name.partition("_")
        label = tail if head else ""
        return Written(self.letter(head if label else name), place=self.place, fence=self.fence, label=label)

    def indices(self, d: Dim) -> Dim:
        """A dim with the letters of its integer symbols put in."""
        return d.at(self._symbols) if self._symbols else d

    @cached_property
    def _symbols(self) -> dict[str, Dim]:
        values = {name: index(letter) for name, letter in self.letters.items()}
        return values | {name: index(row.letter) + row.shift for name, row in self.index.items()}

    def numbered(self, layer: Dim) -> Dim:
        """A layer as it is counted here, from `first`; its symbols count layers from there too.

        So `l+1` stays `l+1`, the input layer 0 is `first`, and the depth, which is no layer, is what `index` says.
        """
        if not self.first:
            return layer
        counted = sum(c for atom, c in layer.terms if isinstance(atom, Symbol) and not self.shift_of(atom.name))
        return layer + self.first * (1 - counted)

    def shift_of(self, name: str) -> int:
        """What the letter of an integer symbol is less than the symbol: -1 where `L` is written `L-1`."""
        row = self.index.get(name)
        return 0 if row is None else row.shift

    def value(self, name: str, value: Dim, is_layer: bool) -> Dim:
        """The value that the letter of an integer symbol has where the symbol has this one."""
        return (self.numbered(value) if is_layer else value) - self.shift_of(name)

    def sized(self, size: Dim) -> Dim:
        """A size with the layers of its widths as they are counted here."""
        row = self.quantity["width"]
        if not (self.first or row.shift):
            return size
        return size.map_sizes(lambda atom: Dim(((type(atom)(self.numbered(atom.layer) + row.shift), 1),)))

    def function_of_loss(self) -> Written:
        """How the generic loss is written as a function of output and target."""
        return self.quantity.get("loss_function", self.quantity["loss"])

    @property
    def renumbers(self) -> int:
        """By how much the letter of a layer must fall for the weights to be counted by it: 1 where they are counted by
        the layer that they lead to, and their equations are written so: `z^l = w^l a^{l-1} + b^l`."""
        return self.quantity["weight"].shift

    def with_symbols(self, **letters: str) -> Notation:
        """A copy with other letters: `with_symbols(W="U", g="f", loss="J")`.

        Args:
            letters: the key is a letter of this notation, or a quantity's name where one letter means several
                (`loss`, `depth`, `output`, `target`); the value is the new letter, or the name of a Greek one. The
                weight row follows the weights: with `W="U"` it is `u`.

        Raises:
            SymbackpropError: for a letter that means several quantities, or if two quantities would look the same.
        """
        made = self
        for key, new in letters.items():
            made = made._renamed(key, GREEK.get(new, new))
        made._refuse_clash()
        return made

    def with_data(self, data: str) -> Notation:
        """A copy with examples as "columns" or as "rows".

        Raises:
            SymbackpropError: for another word.
        """
        return replace(self, data=data)

    def _renamed(self, key: str, new: str) -> Notation:
        if key == "depth":
            depth = self.index.get("L", IndexLetter("L"))
            return replace(self, index={**self.index, "L": replace(depth, letter=new)})
        letter = GREEK.get(key, key)
        owners = [key] if key in self.quantity else [q for q, row in self.quantity.items() if row.letter == letter]
        means = [*owners, *(["depth"] if letter == self.index.get("L", IndexLetter("L")).letter else [])]
        if key not in self.quantity and len(means) > 1:
            raise SymbackpropError(
                f"in the notation {self.name!r} the letter {key} stands for {' and '.join(means)}: "
                f"write {' or '.join(f'{owner}={new!r}' for owner in means)}"
            )
        named, added = (
            {
                name: replace(row, letter=new) if row.letter == letter and key not in self.quantity else row
                for name, row in table.items()
            }
            for table in (self.named, self.added)
        )
        if not owners:
            return replace(self, named=named, added=added, letters={**self.letters, key: new})
        old = self.quantity[owners[0]]
        quantity = {**self.quantity, owners[0]: _lettered(old, new)}
        line = quantity["weight_row"]
        if owners[0] == "weight" and line.letter == old.letter.lower():
            quantity["weight_row"] = replace(line, letter=new.lower())
        # the Z of dZ
        gradient = {
            name: _lettered(each, new) if name == owners[0] and each.letter == old.letter else each
            for name, each in self.gradient.items()
        }
        return replace(self, named=named, added=added, quantity=quantity, gradient=gradient)

    def _refuse_clash(self, named: Mapping[str, Written] | None = None) -> None:
        """Refuse two quantities, or one and a variable of that name, that look the same."""
        kronecker = self.quantity.get("kronecker", Written("δ"))
        seen: dict[tuple[str, ...], str] = {}

        def see(what: str, looks: tuple[str, ...], letter: str) -> None:
            other = seen.setdefault(looks, what)
            if other != what and not self._may_look_alike(other, what):
                raise SymbackpropError(f"the letter {letter} would stand for {other} and for {what}: write another one")

        for what, row in {**self.quantity, "kronecker": kronecker, **(named or {})}.items():
            see(what, row.looks, row.letter)
        for name, row in self.gradient.items():
            # its entries too: δ_i of a bold δ is no Kronecker δ
            for looks in dict.fromkeys((row.looks, row.plain.looks)):
                see(f"the gradient of {name}", looks, row.letter)
        for name, letter in self.letters.items():
            if (letter, "plain", "", "", "") in seen:
                other = seen[letter, "plain", "", "", ""]
                raise SymbackpropError(f"the letter {letter} for {name} already stands for {other}: write another one")

    def _may_look_alike(self, one: str, two: str) -> bool:
        """Whether their indices, or what they are, tell two quantities apart."""
        pair = {one, two}
        return SAME_THING.get(two) == one or (pair == {"weight", "weight_row"} and bool(self.row_mark))

    def _refuse_index_clash(self) -> None:
        """Refuse a letter that two integer symbols have."""
        taken: dict[str, str] = {}
        for name, symbol in self.index.items():
            is_free = symbol.letter == name or symbol.letter in self.index or symbol.letter not in INDICES
            if symbol.letter in taken or not is_free:
                other = taken.get(symbol.letter, symbol.letter)
                raise SymbackpropError(
                    f"the letter {symbol.letter} would stand for the indices {name} and {other}: give {other} a row too"
                )
            taken[symbol.letter] = name


def _filled(given: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what it does not say; a place of its own has no fence but its own."""
    if "place" in given:
        usual = {key: value for key, value in usual.items() if key not in PLACED}
    return {**usual, **given}


def _lettered(row: Written, new: str) -> Written:
    """A row with another letter; the letter of its entries follows where it was the small one."""
    entry = new.lower() if row.entry and row.entry == row.letter.lower() else row.entry
    return replace(row, letter=new, entry=entry)


def names() -> list[str]:
    """The notations there are, sorted."""
    from importlib.resources import files

    return sorted(f.name.removesuffix(".toml") for f in files(__name__).iterdir() if f.name.endswith(".toml"))


@cache
def _load(name: str) -> Notation:
    # one that comes with the package is read without a look at which there are, which takes longer
    try:
        text = get_data(__name__, f"{name}.toml") if name.isidentifier() else None
    except OSError:
        text = None
    if text is None:
        raise SymbackpropError(f"there is no notation {name!r}: write one of {', '.join(names())}")
    return Notation.from_table(name, tomllib.loads(text.decode("utf-8")))


def notation(name: str | Notation) -> Notation:
    """The notation of that name; a notation is returned as it is.

    Raises:
        SymbackpropError: for a name that is not known; the message names those that are.
    """
    return name if isinstance(name, Notation) else _load(name)
