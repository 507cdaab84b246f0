r"""Tokens that start with a backslash: commands, words in `\text`, environments, sized delimiters, line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from symbackprop.latex.symbols import COMMANDS, DELIMITERS, ESCAPES, FORBIDDEN, LINES, MATRICES, TEXTS, Symbol

if TYPE_CHECKING:
    from symbackprop.latex.tokens import Cutter

_COMMAND = re.compile(r"\\([A-Za-z]+)")
_GROUP = re.compile(r"[ \t\r\n]*\{([^{}]*)\}")
_NAME = re.compile(r"[ \t\r\n]*\{([A-Za-z]+\*?)\}")
_COLUMNS = re.compile(r"[ \t\r\n]*(?:\[[a-z]\])?(?:[ \t\r\n]*\{[lcr|@{} 0-9]*\})?")
_PLACEMENT = re.compile(r"\[[tbc]\]")
_ROW_SPACE = re.compile(r"\*?(?:[ \t]*\[-?[0-9]*\.?[0-9]+[ \t]*(?:pt|em|ex|mm|cm|in|mu|\\[a-z]+)\])?")
_DELIMITER = re.compile(r"[ \t\r\n]*(\\[A-Za-z]+|\\.|.)", re.DOTALL)
_SIZED = re.compile(r"(?:m?(left|right)|(middle)|(?:big|Big|bigg|Bigg)([lrm]?))\Z")
_NEGATED = re.compile(r"[ \t]*(=|\\in(?![A-Za-z])|\\equiv(?![A-Za-z]))")
_WORD = re.compile(r"[A-Za-z0-9_-]+\Z")
# commands whose argument may be a word, as `\mathrm{ReLU}`; `\mathbf{Wh}` is a product
_WORD_STYLES: Mapping[str, str] = {
    "mathrm": "roman",
    "mathsf": "sans",
    "mathtt": "roman",
    "mathit": "plain",
    "mathbf": "bold",
}
# the commands that are one symbol, whatever stands behind them
PLAIN: Mapping[str, Symbol] = {
    name: symbol
    for name, symbol in COMMANDS.items()
    if symbol[0] not in ("not", "drop1")
    and name not in {*FORBIDDEN, *TEXTS, *_WORD_STYLES, "begin", "end"}
    and not _SIZED.match(name)
}
_SPACES_IN_TEXT = str.maketrans({"~": " ", "\t": " "})


def backslash(cutter: Cutter, at: int) -> int:
    """What starts with a backslash at `at`; where it ends."""
    match = _COMMAND.match(cutter.text, at)
    if match is None:
        return _escape(cutter, at)
    name, end = match.group(1), match.end()
    if name in FORBIDDEN:
        cutter.refuse(f"`\\{name}` is refused: a formula has no commands that define, load, write or refer", at, end)
    if name in TEXTS:
        return _text(cutter, name, at, end)
    if name in _WORD_STYLES and (word_end := _styled_word(cutter, name, at, end)):
        return word_end
    if name in ("begin", "end"):
        return _environment(cutter, name, at, end)
    if (sized := _SIZED.match(name)) is not None:
        return _delimiter(cutter, sized, at, end)
    symbol = COMMANDS.get(name)
    if symbol is None:
        _refuse_unknown(cutter, name, at, end)
    role, value = symbol
    if role == "not":
        return _negated(cutter, at, end)
    if role == "drop1":
        return _dropped(cutter, name, at, end)
    if role == "letter":
        cutter.note_variant(name, at, end)
    cutter.add(role, value, at, end)
    return end


def _refuse_unknown(cutter: Cutter, name: str, start: int, end: int) -> NoReturn:
    near = nearest(name) if len(name) <= 30 else None
    hint = f"did you mean `\\{near}`?" if near else "write it with the usual commands"
    cutter.refuse(f"`\\{name[:30]}` is no command that is read: {hint}", start, end)


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> list[str]:
    """The one of some words that is most like another, if one is."""
    # only what is misspelt needs it
    from difflib import get_close_matches

    return get_close_matches(word, list(known), 1, likeness)


@lru_cache(maxsize=256)
def nearest(name: str) -> str | None:
    """The known command that is most like a name."""
    known = [*COMMANDS, *TEXTS, "begin", "end", "left", "right"]
    if (near := closest(name, known, 0.75)) != []:
        return near[0]
    lower = {one.lower(): one for one in known}
    near = closest(name.lower(), lower, 0.75)
    return lower[near[0]] if near else None


def _escape(cutter: Cutter, at: int) -> int:
    r"""`\\`, `\{`, `\,` and the like."""
    text = cutter.text
    character = text[at + 1 : at + 2]
    if character == "\\":
        match = _ROW_SPACE.match(text, at + 2)
        end = match.end() if match else at + 2
        cutter.add("row", None, at, end)
        return end
    if not character:
        cutter.refuse("the text ends with a backslash: write the command, or take the backslash out", at, at + 1)
    if character in ESCAPES:
        role, value = ESCAPES[character]
        if role != "drop":
            cutter.add(role, value, at, at + 2)
        return at + 2
    if character in "()[]":
        hint = "give one formula, with `\\[` and `\\]` around the whole of it or not at all"
        cutter.refuse(f"`\\{character}` stands in the middle of a formula: {hint}", at, at + 2)
    cutter.refuse(f"`\\{character}` is no command that is read: take the backslash out", at, at + 2)


def _text(cutter: Cutter, name: str, at: int, end: int) -> int:
    r"""`\text{…}`, `\operatorname*{…}`: a word or prose, as it stands."""
    starred = name == "operatorname" and cutter.text.startswith("*", end)
    group = _GROUP.match(cutter.text, end + starred)
    if group is None:
        hint = f"write `\\{name}{{ReLU}}`"
        cutter.refuse(f"`\\{name}` needs plain words in braces, without braces in them: {hint}", at, end)
    content = group.group(1).replace("\\_", "_").replace("\\-", "").replace("\\,", " ").replace("\\ ", " ")
    content = content.translate(_SPACES_IN_TEXT)
    if (bad := next((c for c in content if c in "\\$%#&^"), None)) is not None:
        message = f"`{bad}` stands inside `\\{name}{{…}}`, where only words are read: put the formula outside"
        cutter.refuse(message, at, group.end())
    if name == "operatorname":
        content = "".join(content.split())
    cutter.add("text", (content, TEXTS[name]), at, group.end())
    return group.end()


def _styled_word(cutter: Cutter, name: str, at: int, end: int) -> int | None:
    r"""The end of `\mathrm{ReLU}`; None where the argument is no word."""
    group = _GROUP.match(cutter.text, end)
    if group is None:
        return None
    word = group.group(1).strip()
    if len(word) < 2 or _WORD.match(word) is None or word.isdigit() or (name == "mathbf" and word not in cutter.words):
        return None
    cutter.add("text", (word, _WORD_STYLES[name]), at, group.end())
    return group.end()


def _environment(cutter: Cutter, name: str, at: int, end: int) -> int:
    match = _NAME.match(cutter.text, end)
    if match is None:
        hint = f"write `\\{name}{{pmatrix}}`"
        cutter.refuse(f"`\\{name}` needs the name of an environment: {hint}", at, end)
    environment, end = match.group(1), match.end()
    if environment not in MATRICES and environment not in LINES:
        near = closest(environment[:30], sorted(MATRICES | LINES))
        hint = f"did you mean `{near[0]}`?" if near else "write pmatrix, cases or aligned"
        cutter.refuse(f"the environment `{environment[:30]}` is not read in a formula: {hint}", at, end)
    cutter.add(name, environment, at, end)
    if name == "begin":
        options = _COLUMNS if environment in ("array", "alignat") else _PLACEMENT
        if (environment not in MATRICES or environment == "array") and (found := options.match(cutter.text, end)):
            end = found.end()
    return end


def _delimiter(cutter: Cutter, sized: re.Match[str], at: int, end: int) -> int:
    r"""`\left(`, `\Bigr]`, `\middle|`, `\big\|`."""
    match = _DELIMITER.match(cutter.text, end)
    delimiter = DELIMITERS.get(match.group(1)) if match else None
    if match is None or delimiter is None:
        hint = "write one of ( ) [ ] | \\| \\{ \\} or ."
        cutter.refuse(f"`\\{sized.group()}` needs a delimiter: {hint}", at, match.end() if match else end)
    end = match.end()
    side, middle, place = sized.groups()
    if side:
        cutter.add(side, delimiter, at, end)
    elif middle or place == "m":
        if delimiter not in "|‖":
            message = f"`{cutter.text[at:end]}` is not read: only a bar separates inside delimiters"
            cutter.refuse(message, at, end)
        cutter.add("given", "|", at, end)
    elif delimiter == "/":
        cutter.add("mul", "/", at, end)
    elif delimiter in "|‖":
        cutter.add({"l": "open", "r": "close", "": "bar"}[place], delimiter, at, end)
    elif delimiter != ".":
        cutter.add("open" if delimiter in "([{⟨⌊⌈" else "close", delimiter, at, end)
    return end


def _negated(cutter: Cutter, at: int, end: int) -> int:
    match = _NEGATED.match(cutter.text, end)
    if match is None:
        message = "`\\not` is read before `=`, `\\in` and `\\equiv` only: write \\neq or \\notin"
        cutter.refuse(message, at, end)
    cutter.add("rel", {"=": "≠", "\\in": "∉", "\\equiv": "≢"}[match.group(1)], at, match.end())
    return match.end()


def _dropped(cutter: Cutter, name: str, at: int, end: int) -> int:
    r"""`\label{…}`, `\hspace*{…}`: left out with its argument."""
    starred = cutter.text.startswith("*", end)
    group = _GROUP.match(cutter.text, end + starred)
    if group is None:
        cutter.refuse(f"`\\{name}` needs its argument in braces: write it, or leave the command out", at, end)
    return group.end()
