"""Characters beyond ASCII: what each stands for, and which are refused by name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from symbackprop.latex.symbols import UNICODE, Symbol

# combining characters, as accents and styles
ACCENTS: Mapping[str, str] = {
    "\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0303": "tilde", "\u0307": "dot",
    "\u20d7": "vec", "\u20d1": "vec", "\u0332": "underline", "\u0331": "underline",
}  # fmt: skip
SUPERSCRIPTS: Mapping[str, str] = {
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵗˡʲᵏᴸ", "0123456789+-=()niTtljkL", strict=True)),
}
SUBSCRIPTS: Mapping[str, str] = {
    **dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙᵢⱼₖₗₘₜₓₐₑₒₚₛᵣᵤᵥₕ", "0123456789+-=()nijklmtxaeopsruvh", strict=True)),
}

# letters of another script that print as one of ours
LOOKALIKES: Mapping[str, str] = {
    **dict(zip("аеорсхуіјѕԁԛԝһӏк", "aeopcxyijsdqwhlk", strict=True)),
    **dict(zip("АВЕКМНОРСТУХЅІЈԌ", "ABEKMHOPCTYXSIJG", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲ", "ABEZHIKMNOPTYXoc", strict=True)),
}
# what editors put in place of a plain sign
PLAIN: Mapping[str, str] = {
    **dict.fromkeys("–—‐‑‒―", "-"),
    **dict.fromkeys("’‘ʹ´", "'"),
    **dict.fromkeys("“”", "''"),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("│ǀ", "|"),
    **dict.fromkeys("║ǁ", "\\|"),
    **dict.fromkeys("✕⨯✖", "\\times"),
    **dict.fromkeys("•ꞏ", "\\cdot"),
    "½": "\\frac12",
    "¼": "\\frac14",
    "¾": "\\frac34",
    "°": "\\circ",
    "‚": ",",
}

_KINDS: Mapping[str, str] = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cs": "half of a character, so that the text is not valid UTF-8",
    "Co": "a private-use character",
    "Cn": "no character of Unicode",
}
_STYLES = (
    ("DOUBLE-STRUCK", "blackboard"),
    ("SANS-SERIF", "sans"),
    ("SCRIPT", "calligraphic"),
    ("BOLD", "bold"),
    ("MONOSPACE", "roman"),
)


def named(character: str) -> str:
    """The character with its code and name, itself only where it can be seen."""
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    seen = f"`{character}` " if unicodedata.category(character)[0] not in "CZM" else ""
    return f"{seen}({code}{' ' + name if name else ''})"


@lru_cache(maxsize=4096)
def symbol_of(character: str) -> Symbol | None:
    """The symbol of one character outside ASCII, None where it has none; a letter's accents are read by the tokens."""
    if character in LOOKALIKES:
        return None  # though some are in the table of Greek letters
    if (found := UNICODE.get(character)) is not None:
        return found
    if character in SUPERSCRIPTS:
        return ("superscript", SUPERSCRIPTS[character])
    if character in SUBSCRIPTS:
        return ("subscript", SUBSCRIPTS[character])
    if unicodedata.category(character) == "Zs":
        return ("drop", None)
    return _mathematical(character)


def _mathematical(character: str) -> Symbol | None:
    """Letters and digits of the mathematical alphabets: 𝐖, 𝑥, 𝜎, ℒ, ℝ, 𝟏."""
    name = unicodedata.name(character, "")
    if character == "ℓ" or not name.startswith(("MATHEMATICAL ", "SCRIPT ", "DOUBLE-STRUCK ", "PLANCK ")):
        return None
    base = unicodedata.normalize("NFKC", character)
    style = next((style for word, style in _STYLES if word in name), "plain")
    if len(base) != 1:
        return None
    if base.isascii() and base.isdigit():
        return ("styled digit", (base, style))
    if base.isascii() and base.isalpha():
        return ("letter", (base, style))
    match UNICODE.get(base):
        case ("letter", (str() as letter, _)):
            return ("letter", (letter, style))
    return None


def decomposed(character: str) -> tuple[str, str] | None:
    """A letter and its accents (`ŷ` as `y` and a circumflex), None where it has none that we know."""
    parts = unicodedata.normalize("NFD", character)
    if len(parts) < 2 or any(mark not in ACCENTS for mark in parts[1:]):
        return None
    return parts[0], parts[1:]


def refusal(character: str) -> str:
    """Why a character that has no symbol is refused, and what to write instead."""
    name = named(character)
    if character in LOOKALIKES or 0xFF01 <= ord(character) <= 0xFF5E:
        plain = LOOKALIKES.get(character) or chr(ord(character) - 0xFEE0)
        return f"{name} looks like `{plain}` but is another character: write `{plain}`"
    if character in PLAIN:
        return f"{name} is not read: write `{PLAIN[character]}`"
    category = unicodedata.category(character)
    if unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"):
        return f"{name} changes the direction of the text: take it out"
    if category in _KINDS:
        return f"{name} is {_KINDS[category]}: take it out"
    if category[0] == "M":
        return f"{name} is an accent that no letter of a formula has: write \\hat, \\bar, \\tilde, \\dot or \\vec"
    what = "a letter of another script" if category[0] == "L" else "no sign that formulas are read with"
    return f"{name} is {what}: write it in LaTeX"
