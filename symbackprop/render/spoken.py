"""Names, numbers and sizes in words: `n_{l+1} - 1` is "n of layer l plus one, minus one"."""

from __future__ import annotations

from fractions import Fraction

from symbackprop.dims import DEPTH, Atom, Dim, Symbol, Units, Width, width
from symbackprop.equations import Network
from symbackprop.notations import GREEK, Notation, Written

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FRACTIONS = {Fraction(1, 2): "one half", Fraction(1, 3): "one third", Fraction(1, 4): "one quarter"}
_NAMES = {
    **{letter: name for name, letter in GREEK.items()},
    "ℒ": "L",
    "ℓ": "ell",
    "∂": "partial",
    "∇": "gradient",
    "′": "prime",
}


def said(name: str) -> str:
    """A name in ASCII: `σ` is "sigma", `leaky_relu` "leaky relu"; a sign that has no name is left out."""
    spelled = "".join(c if c.isascii() and c.isalnum() else f" {_NAMES.get(c, '')} " for c in name)
    return " ".join(spelled.split())


def letter(row: Written) -> str:
    """How a row of a notation is spoken: its letter with its marks, `ŷ` as "y hat"."""
    words = (row.prefix, row.letter, row.label, row.accent)
    return " ".join(said(word) for word in words if word)


def lettered(what: str, default: str, notation: Notation | None) -> str:
    """The letter of a quantity; the default without a notation."""
    return default if notation is None else letter(notation.quantity[what])


def spelled_out(d: Dim, network: Network | None) -> Dim:
    """The dim with numbers of units as widths: one less where the bias unit is counted."""
    if network is not None:
        d = network.normal(d)

    def size(atom: Width | Units) -> Dim:
        if isinstance(atom, Width):
            return Dim(((atom, 1),))
        return width(atom.layer) - (0 if network is None and atom.layer == DEPTH + 1 else 1)

    return d.map_sizes(size)


def is_compound(d: Dim) -> bool:
    """Whether an index is more than one symbol or number."""
    return len(d.terms) + (d.constant != 0) > 1 or any(c != 1 for _, c in d.terms) or d.constant < 0


def atom_words(atom: Atom, notation: Notation | None = None) -> tuple[str, bool]:
    """The words of a symbol or width, and whether they take a following sign along."""
    if isinstance(atom, Symbol):
        name = said(atom.name)
        return (f"capital {name}" if name.isupper() else name), False
    n = lettered("width", "n", notation)
    if is_compound(atom.layer):
        return f"{n} of layer {dim_words(atom.layer, spelled=True)}", True
    return f"{n} {dim_words(atom.layer)}", False


def dim_words(d: Dim, spelled: bool = False, notation: Notation | None = None) -> str:
    """A dim in words: "capital L minus 1", "n of layer l plus one, minus one"; `spelled` says numbers as words."""
    text, comma = "", ""
    d = d if notation is None else notation.indices(notation.sized(d))
    for atom, c in d.terms:
        words, takes_along = atom_words(atom, notation)
        counted = words if abs(c) == 1 else f"{number_words(abs(c), spelled)} {words}"
        text += f"{comma} minus {counted}" if c < 0 else f"{comma} plus {counted}" if text else counted
        comma = "," if takes_along else ""
        spelled = spelled or takes_along
    if d.constant or not text:
        number = number_words(abs(d.constant), spelled)
        text += f"{comma} minus {number}" if d.constant < 0 else f"{comma} plus {number}" if text else number
    return text.strip()


def number_words(value: int, spelled: bool) -> str:
    """A number as a digit, or up to twelve as a word."""
    return _WORDS[value] if spelled and value < len(_WORDS) else str(value)


def size_words(d: Dim, network: Network | None, notation: Notation | None = None) -> str:
    """A size in words, as a person writes it."""
    return dim_words(spelled_out(d, network), notation=notation)


def is_turned(network: Network | None, notation: Notation | None) -> bool:
    """Whether what is spoken is about rows where the network is about columns, or the other way round."""
    return network is not None and notation is not None and notation.data != network.data


def indexed(
    name: str,
    at: Dim | None,
    network: Network | None = None,
    notation: Notation | None = None,
    row: Written | None = None,
) -> str:
    """A name with its index: "W 0", "W of layer l plus one"; the row of the notation says how its layers count."""
    if at is None:
        return name
    at = spelled_out(at, network)
    if row is not None and notation is not None:
        at = (notation.numbered(at) if row.layered else at) + row.shift
    if is_compound(at):
        return f"{name} of layer {dim_words(at, spelled=True, notation=notation)}"
    return f"{name} {dim_words(at, notation=notation)}"


def rational_words(value: Fraction) -> str:
    """A rational number: "minus 2", "one half", "2 over 3"."""
    sign, size = ("minus " if value < 0 else ""), abs(value)
    if size in FRACTIONS:
        return sign + FRACTIONS[size]
    return f"{sign}{size.numerator}" + (f" over {size.denominator}" if size.denominator != 1 else "")


def place(d: Dim, network: Network | None, notation: Notation | None = None) -> str:
    """A row or column, with a comma if its words go on: "n l minus 1,"."""
    words = size_words(d, network, notation)
    return f"{words}," if "," in words or is_compound(spelled_out(d, network)) else words
