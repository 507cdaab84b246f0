"""Notations: which letter stands for which quantity, and where its indices stand. Each is one data file, found by name.

A file holds marks, then tables of rows `Written`:

- `title`: the course or book.
- `vectors`: how the columns 0 and 1 are marked, as a `style`.
- `transpose`, `hadamard`: the signs. `separator`: between indices. `row_mark`: what follows the row in `w_{l,j,·}`.
- `[quantity]`: the network's quantities. `input` and `output` may be missing: then they are written as the hidden
  units of layer 0 and the last pre-activation. Entries and columns of the weights are written as `weight_row` is.
- `[gradient]`: short names of ∂L/∂quantity, as δ for the pre-activation.
- `[named]`: variables of other networks; one that is not listed is written as its name, `W_x` with a subscript.
- `[index]`: letters of the integer symbols where they differ: `L = { letter = "l", shift = -1 }` writes `l-1` for `L`.

Printers and the parser read the same table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files

from symbackprop.dims import Dim, index
from symbackprop.errors import SymbackpropError

_GREEK = """alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ
omicron ο pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"""
# the letter of each Greek name: "sigma" is σ
GREEK: Mapping[str, str] = dict(zip(_GREEK.split()[::2], _GREEK.split()[1::2], strict=True))

STYLES = ("plain", "vec", "bold")
ACCENTS = ("", "hat", "bar", "tilde")
PLACES = ("sub", "sup", "none")


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
    """

    letter: str
    style: str = "plain"
    accent: str = ""
    place: str = "sub"
    fence: str = ""
    shift: int = 0
    prefix: str = ""
    label: str = ""

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
        return hash((self.letter, self.style, self.accent, self.place, self.prefix, self.label))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def plain(self) -> Written:
        """The same without arrow or bold: how an entry is written."""
        return replace(self, style="plain")


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
    gradient: Mapping[str, Written] = field(default_factory=dict, hash=False)
    named: Mapping[str, Written] = field(default_factory=dict, hash=False)
    index: Mapping[str, IndexLetter] = field(default_factory=dict, hash=False)
    letters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object]) -> Notation:
        """The notation that a parsed data file describes."""
        values: dict[str, object] = dict(table)
        for key, row in (("quantity", Written), ("gradient", Written), ("named", Written), ("index", IndexLetter)):
            rows = values.get(key, {})
            assert isinstance(rows, dict)
            values[key] = {what: row(**given) for what, given in rows.items()}
        return cls(name=name, **values)  # type: ignore[arg-type]

    def letter(self, name: str) -> str:
        """The letter for a name that is not in the tables: an activation `g`, a named variable."""
        return self.letters.get(name, GREEK.get(name, name))

    def of_name(self, name: str) -> Written:
        """How a variable of another network is written."""
        if name in self.named:
            return self.named[name]
        head, _, tail = name.partition("_")
        return Written(self.letter(head), label=tail) if head and tail else Written(self.letter(name))

    def indices(self, d: Dim) -> Dim:
        """A dim with the letters of its integer symbols put in."""
        values = {name: index(letter) for name, letter in self.letters.items()}
        values |= {name: index(row.letter) + row.shift for name, row in self.index.items()}
        return d.at(values) if values else d

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

    def _renamed(self, key: str, new: str) -> Notation:
        if key == "depth":
            old = self.index.get("L", IndexLetter("L"))
            return replace(self, index={**self.index, "L": replace(old, letter=new)})
        letter = GREEK.get(key, key)
        owners = [key] if key in self.quantity else [q for q, row in self.quantity.items() if row.letter == letter]
        means = [*owners, *(["depth"] if letter == self.index.get("L", IndexLetter("L")).letter else [])]
        if key not in self.quantity and len(means) > 1:
            raise SymbackpropError(
                f"in the notation {self.name!r} the letter {key} stands for {' and '.join(means)}: "
                f"write {' or '.join(f'{owner}={new!r}' for owner in means)}"
            )
        named = {
            name: replace(row, letter=new) if row.letter == letter and key not in self.quantity else row
            for name, row in self.named.items()
        }
        if not owners:
            return replace(self, named=named, letters={**self.letters, key: new})
        quantity = dict(self.quantity)
        old_letter = quantity[owners[0]].letter
        quantity[owners[0]] = replace(quantity[owners[0]], letter=new)
        row = quantity["weight_row"]
        if owners[0] == "weight" and row.letter == old_letter.lower():
            quantity["weight_row"] = replace(row, letter=new.lower())
        return replace(self, named=named, quantity=quantity)

    def _refuse_clash(self) -> None:
        seen: dict[tuple[str, str, str], str] = {}
        for what, row in self.quantity.items():
            looks = (row.letter, row.style, row.accent)
            if looks in seen:
                raise SymbackpropError(
                    f"the letter {row.letter} would stand for {seen[looks]} and for {what}: write another one"
                )
            seen[looks] = what
        for name, letter in self.letters.items():
            if (letter, "plain", "") in seen:
                raise SymbackpropError(
                    f"the letter {letter} for {name} already stands for {seen[letter, 'plain', '']}: write another one"
                )


def names() -> list[str]:
    """The notations there are, sorted."""
    return sorted(f.name.removesuffix(".toml") for f in files(__name__).iterdir() if f.name.endswith(".toml"))


@cache
def _load(name: str) -> Notation:
    if name not in names():
        raise SymbackpropError(f"there is no notation {name!r}: write one of {', '.join(names())}")
    text = files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return Notation.from_table(name, tomllib.loads(text))


def notation(name: str | Notation) -> Notation:
    """The notation of that name; a notation is returned as it is.

    Raises:
        SymbackpropError: for a name that is not known; the message names those that are.
    """
    return name if isinstance(name, Notation) else _load(name)
