r"""A text cut into tokens: limits, characters, comments, `$…$` around the whole, words, numerals, signs.

A token is a symbol (a role and a value, `symbackprop.latex.symbols`) with its span in the text as it was given. Roles
that only tokens have: "number", "text" (value: text and style), "row", "begin", "end", "left", "right", "accent of" and
"styled digit". What starts with a backslash is in `symbackprop.latex.commands`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from string import ascii_letters, digits
from typing import Any, NamedTuple, NoReturn

from symbackprop.latex import characters
from symbackprop.latex.commands import PLAIN, backslash
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.surface import Accented, Fenced, Fraction, Letter, Matrix, Scripted, Span, Surface
from symbackprop.latex.symbols import ASCII, DELIMITERS, ESCAPES, NOT_READ, VARIANTS, WORDS, Symbol
from symbackprop.notations import GREEK

MAX_CHARACTERS = 20_000
MAX_TOKENS = 15_000
MAX_DIGITS = 200
MAX_EXPONENT = 200


class Token(NamedTuple):
    """A symbol with its place."""

    role: str
    value: Any
    start: int
    end: int


class Name(NamedTuple):
    """What is read at once: a letter with marks and simple scripts, a fraction, parentheses, a matrix.

    Attributes:
        surface, tokens: from place 0 on.
        written: what tells it from all others.
        kind: that of the surface, parentheses with scripts being one of their own.
        depth: how deep it is nested.
        signs: how many tokens it is where each sign is one.
        varied: the letters in it of which a formula has one form, and where they stand.
    """

    surface: Letter | Accented | Scripted | Fraction | Fenced | Matrix
    written: object
    kind: type[Surface]
    tokens: tuple[Token, ...]
    depth: int
    signs: int
    varied: tuple[tuple[str, int, int], ...]


# by how much a token changes the depth of braces
NESTING: Mapping[str, int] = {"begin group": 1, "end group": -1}
# a token of a role, value, start and end: as `Token(…)`, without a call of Python's own in between
_token: Callable[[tuple[str, object, int, int]], Token] = partial(tuple.__new__, Token)

_SPACE = re.compile(r"[ \t\r\n]+")
_LETTERS = re.compile(r"[A-Za-z]+(?:\\_[A-Za-z0-9]+)*")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_EXPONENT = re.compile(r"[eE]([+-]?)([0-9]+)(?!\.?[0-9])")
_LONGEST_FIRST = sorted((*ASCII, *NOT_READ), key=len, reverse=True)
# the signs that no longer one begins with are looked for first, all at once
_ALONE = "".join(sign for sign in _LONGEST_FIRST if sum(other[0] == sign for other in _LONGEST_FIRST) == 1)
_ANY_SIGN = f"[{re.escape(_ALONE)}]|" + "|".join(re.escape(sign) for sign in _LONGEST_FIRST if sign not in _ALONE)
_SIGNS = re.compile(_ANY_SIGN)
# spaces, then a piece of text that most often is one token whatever stands around it; a digit that may go on as a
# number is none, nor is what is outside ASCII
_SPACES = r"(?:[ \t\r\n]|\\[,;:!/> \n\t-])*+"
_ONE = (
    r"(\\(?:(?:left|right)[()\[\]|.]|[A-Za-z]+|[{}|])"
    r"|[A-Za-z]+(?:\\_[A-Za-z0-9]+)*|[0-9](?![0-9.eE{])|\.[0-9]|" + _ANY_SIGN + ")"
)
_PIECE = re.compile(f"{_SPACES}{_ONE}?")
# a letter with a few simple scripts, up to where what stands behind cannot belong to it
_LETTER = r"[A-Za-z](?![A-Za-z0-9]|\\_)"
_DIGIT = r"[0-9](?![0-9.eE{])"
_PLACES = r"[A-Za-z0-9](?:, ?(?:[A-Za-z0-9]|\\cdot(?![A-Za-z])))++"
_IN_BRACES = rf"\{{(?:\\[A-Za-z]++|[A-Za-z]{{1,4}}|[0-9]{{1,3}}|[A-Za-z][+-][0-9]|{_PLACES})\}}"
_SCRIPT = rf"'|_(?:{_LETTER}|{_DIGIT}|{_IN_BRACES})|\^(?:\\[A-Za-z]++|{_LETTER}|{_DIGIT}|{_IN_BRACES})"
_SCRIPTS = rf"(?:{_SCRIPT}){{1,6}}+(?!['_^])"
_MARK = r"\\(?:vec|hat|bar|tilde|mathbf|boldsymbol)"
_PLAIN_BASE = r"(?:\\[A-Za-z]++|[A-Za-z])"
_MARKED = rf"{_MARK}\{{(?:{_MARK}\{{{_PLAIN_BASE}\}}|{_PLAIN_BASE})\}}"
_BASE = rf"(?:{_MARKED}|{_PLAIN_BASE})"
_SIGN_OF = r"\{\\partial(?![A-Za-z]) ?"
_DERIVATIVE = rf"\\frac{_SIGN_OF}{_BASE}(?:{_SCRIPTS})?\}}{_SIGN_OF}{_BASE}(?:{_SCRIPTS})?\}}"
_FEW = r"(?:[A-Za-z0-9 +\-*'^_,]++|\\(?!(?:left|right|begin|end)(?![A-Za-z]))[A-Za-z]++)++"
_NAME = (
    rf"{_DERIVATIVE}|{_BASE}{_SCRIPTS}|{_MARKED}|\{{{_BASE}(?:{_SCRIPT}){{1,6}}+\}}{_SCRIPTS}"
    rf"|\\frac\{{{_FEW}\}}\{{{_FEW}\}}"
)
# parentheses around simple signs, and around others of those
_SIMPLE = r"[A-Za-z0-9 +\-*/'^_{},.]++|\\(?!(?:left|right|begin|end)(?![A-Za-z]))[A-Za-z]++|\\[,;:!> ]"
_INNER = rf"\((?:{_SIMPLE})++\)|\\left\((?:{_SIMPLE})++\\right\)"
_CELLS = rf"(?:{_SIMPLE}|{_INNER}|&|\\\\)++"
_MATRIX = rf"\\begin\{{pmatrix\}}{_CELLS}\\end\{{pmatrix\}}|\\begin\{{bmatrix\}}{_CELLS}\\end\{{bmatrix\}}"
_INSIDE = rf"(?:{_SIMPLE}|{_INNER}|{_MATRIX})++"
_OUTER = rf"(?:\({_INSIDE}\)|\\left(?:\(|\[|\\\|){_INSIDE}\\right(?:\)|\]|\\\|))(?:{_SCRIPTS})?"
_PIECE_OR_NAME = re.compile(f"{_SPACES}(?:({_NAME}|{_OUTER}|{_MATRIX})|{_ONE})?")
# so many characters of one name
_LONGEST_NAME = 200
_COMMANDS = re.compile(r"\\[A-Za-z]+")
# what a command does not change in what is around it
_MARKS = re.compile(_MARK + r"|\\operatorname\{[A-Za-z]+\}|\\text\{[A-Za-z ]+\}")
# what parentheses hold that are read at once
_IN_NAMES = frozenset({
    "letter", "number", "text", "name", "mul", "add", "script", "prime", "drop", "fraction", "accent", "style",
    "begin group", "end group", "open", "close", "left", "right", "quad", "dots", "sep", "stacked", "root",
})  # fmt: skip
_IN_MATRICES = _IN_NAMES | {"begin", "end", "row", "amp"}
_ENDS = frozenset({"\\begin", "\\end"})
_IS_VARIED = frozenset(VARIANTS.values())
_KNOWN: Mapping[str, Symbol] = {
    **{letter: ("letter", (letter, "plain")) for letter in ascii_letters},
    **{digit: ("number", digit) for digit in digits},
    **ASCII,
    **{f"\\{name}": symbol for name, symbol in ESCAPES.items() if symbol[0] != "drop"},
    **{f"\\{side}{sign}": (side, DELIMITERS[sign]) for side in ("left", "right") for sign in "()[]|."},
    **{f"\\{name}": symbol for name, symbol in PLAIN.items()},
}
# letters that are written in two ways, of which a formula has one
_VARIED: Mapping[str, str] = {
    f"\\{name}": name for name in PLAIN if (VARIANTS.get(name) or GREEK.get(name, name)) in _IS_VARIED
}
_OUTSIDE = re.compile(r"[^\x20-\x7e\t\r\n]")
_OPENING = re.compile(r"\s*((\$\$?|\\[\[(])?)")
_WRAPPERS: Mapping[str, str] = {"$$": "$$", "$": "$", "\\[": "\\]", "\\(": "\\)"}


def tokens(text: str, words: Collection[str] = WORDS) -> list[Token]:
    """All tokens of a formula.

    Args:
        words: runs of letters that are one word, as `ReLU`; each letter of another run is a token of its own.

    Raises:
        ReadingError: for a text that is too long, and for what no formula has in it.
    """
    return Cutter(text, words).cut()


def tokens_and_names(text: str, words: Collection[str], name: Callable[[str], Name | None]) -> list[Token]:
    """`tokens`, in which what is read at once is one of role "name" where `name` knows its text."""
    return Cutter(text, words).cut(name)


def stands_alone(written: str) -> bool:
    """Whether a name is the same in any formula, as far as its commands go."""
    commands = _COMMANDS.findall(_MARKS.sub("", written))
    return all(command in _KNOWN or f"{command}(" in _KNOWN or command in _ENDS for command in commands)


def varied(written: str) -> tuple[tuple[str, int, int], ...]:
    """The letters in a name of which a formula has one form, by their commands, and where they stand."""
    found = [(_VARIED.get(match[0]), *match.span()) for match in _COMMANDS.finditer(written)]
    return tuple([(letter, start, end) for letter, start, end in found if letter is not None])


def is_simple(found: list[Token], is_matrix: bool) -> bool:
    """Whether all tokens in parentheses, in a fraction or in a matrix are such as mean the same everywhere."""
    allowed = _IN_MATRICES if is_matrix else _IN_NAMES
    return all(token.role in allowed for token in found)


class Cutter:
    """Cuts one text; each method takes one kind of token off the front."""

    def __init__(self, text: str, words: Collection[str]) -> None:
        self.text = text
        self.words = words
        self.found: list[Token] = []
        self.variants: dict[str, str] = {}

    def refuse(self, message: str, start: int, end: int) -> NoReturn:
        raise ReadingError(message, self.text, (start, max(end, start)))

    def add(self, role: str, value: object, start: int, end: int) -> None:
        self.found.append(_token((role, value, start, end)))

    def cut(self, name: Callable[[str], Name | None] | None = None) -> list[Token]:
        text = self.text
        if len(text) > MAX_CHARACTERS:
            message = f"the text has {len(text)} characters, but at most {MAX_CHARACTERS} are read: give one formula"
            self.refuse(message, MAX_CHARACTERS, len(text))
        self.check_characters()
        at, end = self.inside()
        found, piece = self.found, (_PIECE if name is None else _PIECE_OR_NAME).match
        # the tokens that names stand for
        inside = 0
        while at < end:
            match = piece(text, at)
            assert match is not None  # it matches nothing too
            group = match.lastindex or 1
            start, stop = match.span(group)
            written = text[start:stop]
            if name is not None and group == 1 and start >= 0:
                known = name(written) if stop - start <= _LONGEST_NAME else None
                # sign by sign it is seen which of them is one too many
                if known is not None and inside + len(found) + known.signs <= MAX_TOKENS:
                    found.append(_token(("name", known, start, stop)))
                    inside += known.signs - 1
                    for letter, first, behind in known.varied:
                        self.note_variant(letter, start + first, start + behind)
                    at = stop
                    continue
                match = _PIECE.match(text, start)
                assert match is not None
                start, stop = match.span(1)
                written = text[start:stop]
            if start >= 0 and (symbol := _KNOWN.get(written)) is not None:
                if written in _VARIED:
                    self.note_variant(_VARIED[written], start, stop)
                found.append(_token((*symbol, start, stop)))
                at = stop
            else:
                start = at = match.end() if start < 0 else start
                if at >= end:
                    break
                character = text[at]
                take = _FIRST.get(character, Cutter.sign if character < "\x7f" else Cutter.beyond_ascii)
                at = take(self, at)
            if inside + len(found) > MAX_TOKENS:
                self.refuse(f"the formula has more than {MAX_TOKENS} tokens: give one formula at a time", start, at)
        if at > end:
            self.refuse("what closes the formula is taken away by what stands before it: take that out", start, at)
        return self.found

    def check_characters(self) -> None:
        """Refuse characters that no formula has before anything is made of the text."""
        text = self.text
        if text.isascii() and text.isprintable():
            return
        for match in _OUTSIDE.finditer(text):
            character = match.group()
            if character in characters.ACCENTS or characters.symbol_of(character) or characters.decomposed(character):
                continue
            self.refuse(characters.refusal(character), match.start(), match.end())

    def inside(self) -> Span:
        r"""What stands between `$…$`, `$$…$$`, `\[…\]` or `\(…\)` around the whole, if anything does."""
        text = self.text
        match = _OPENING.match(text)
        assert match is not None  # it matches nothing too
        start, opening = match.start(1), match[2]
        if opening is None:
            return start, len(text)
        closing = _WRAPPERS[opening]
        last = len(text.rstrip(".,; \t\r\n"))
        inner = start + len(opening)
        if last < inner + len(closing) or not text.endswith(closing, inner, last):
            self.refuse(f"`{opening}` is not closed: write `{closing}` at the end", start, inner)
        return inner, last - len(closing)

    # --- one kind of token each --------------------------------------------------------------------------------------

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at + 1

    def comment(self, at: int) -> int:
        line_end = self.text.find("\n", at)
        return len(self.text) if line_end < 0 else line_end

    def dollar(self, at: int) -> int:
        hint = "give one formula, with `$` around the whole of it or not at all"
        self.refuse(f"`$` stands in the middle of a formula: {hint}", at, at + 1)

    def letters(self, at: int) -> int:
        match = _LETTERS.match(self.text, at)
        assert match is not None
        run, end = match.group(), match.end()
        if "\\" in run:
            self.add("letter", (run.replace("\\_", "_"), "plain"), at, end)
        elif len(run) > 1 and run in self.words:
            self.add("text", (run, "plain"), at, end)
        else:
            self.check_run(run, at)
            for i, letter in enumerate(run, at):
                self.add("letter", (letter, "plain"), i, i + 1)
        return end

    def check_run(self, run: str, at: int) -> None:
        """Refuse `logx` and `Wdiag`: a word that is known, glued to letters."""
        if len(run) < 4:
            return
        for size in range(min(len(run) - 1, 16), 2, -1):
            for word, rest in ((run[:size], run[size:]), (run[-size:], run[:-size])):
                if word in self.words:
                    apart = f"{word} {rest}" if run.startswith(word) else f"{rest} {word}"
                    hint = f"write `\\text{{{run}}}`, or `{apart}` with a space"
                    message = f"`{run}` may be one word, `{apart}`, or a product of letters: {hint}"
                    self.refuse(message, at, at + len(run))

    def number(self, at: int) -> int:
        text = self.text
        match = _NUMBER.match(text, at)
        assert match is not None
        digits, end = match.group(), match.end()
        if (exponent := _EXPONENT.match(text, end)) is not None:
            self.check_exponent(digits, at, exponent)
            end = exponent.end()
        if end - at > MAX_DIGITS:
            self.refuse(f"the number has {end - at} digits, but at most {MAX_DIGITS} are read: round it", at, end)
        if text.startswith("{,}", end) and _NUMBER.match(text, end + 3):
            self.refuse("commas between digits are not read: write the number without them, as 1000", at, end + 3)
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            plain = digits.lstrip("0") or "0"
            hint = f"write {plain}, or, after a comma between thousands, the number without commas"
            self.refuse(f"`{digits}` starts with 0: {hint}", at, end)
        self.add("number", text[at:end], at, end)
        return end

    def check_exponent(self, digits: str, at: int, match: re.Match[str]) -> None:
        """Refuse `2e-5`, which may be `2 e - 5`, and numbers that explode; `1e-5` and `1.5e3` are numbers."""
        sign, power = match.groups()
        if len(power) > 3 or int(power) > MAX_EXPONENT:
            self.refuse(f"the exponent of 10 is {power[:9]}, but at most {MAX_EXPONENT} is read", at, match.end())
        if sign and "." not in digits and digits != "1":
            plain = f"{sign.lstrip('+')}{power}"
            message = (
                f"`{digits}{match.group()}` may be {digits} · 10^{plain} or {digits} e {sign} {power}: "
                f"write `{digits} \\cdot 10^{{{plain}}}` or `{digits} e {sign} {power}`"
            )
            self.refuse(message, at, match.end())

    def sign(self, at: int) -> int:
        match = _SIGNS.match(self.text, at)
        sign = match.group() if match else self.text[at]
        symbol = ASCII.get(sign)
        if symbol is None:
            hint = NOT_READ.get(sign, f"`{sign}` is no part of a formula: take it out")
            self.refuse(hint, at, at + len(sign))
        self.add(*symbol, at, at + len(sign))
        return at + len(sign)

    def stop(self, at: int) -> int:
        return self.number(at) if _NUMBER.match(self.text, at) else self.sign(at)

    def beyond_ascii(self, at: int) -> int:
        character = self.text[at]
        symbol = characters.symbol_of(character)
        if symbol is None:
            return self.accented(at)
        role, value = symbol
        if role in ("superscript", "subscript"):
            return self.raised(at, role)
        if role == "letter":
            self.note_variant(character, at, at + 1)
        self.add(role, value, at, at + 1)
        return at + 1

    def raised(self, at: int, role: str) -> int:
        """`²`, `⁻¹`, `₁₂`: as a script with a group."""
        table = characters.SUPERSCRIPTS if role == "superscript" else characters.SUBSCRIPTS
        text = self.text
        self.add("script", "^" if role == "superscript" else "_", at, at + 1)
        self.add("begin group", None, at, at)
        while at < len(text) and text[at] in table:
            end = at + 1
            plain = table[text[at]]
            if plain.isdigit():
                while end < len(text) and table.get(text[end], "").isdigit():
                    end += 1
                if end - at > MAX_DIGITS:
                    self.refuse(f"the number has {end - at} digits, but at most {MAX_DIGITS} are read", at, end)
                self.add("number", "".join(table[c] for c in text[at:end]), at, end)
            elif plain.isalpha():
                self.add("letter", (plain, "plain"), at, end)
            else:
                self.add(*ASCII[plain], at, end)
            at = end
        self.add("end group", None, at, at)
        return at

    def accented(self, at: int) -> int:
        """`ŷ`: a letter with its accents."""
        character = self.text[at]
        if character in characters.ACCENTS:
            return self.combining(at)
        parts = characters.decomposed(character)
        assert parts is not None  # `check_characters` has let it pass
        letter, accents = parts
        symbol = ("letter", (letter, "plain")) if letter.isascii() else characters.symbol_of(letter)
        if symbol is None:
            self.refuse(characters.refusal(letter if letter in characters.LOOKALIKES else character), at, at + 1)
        self.add(*symbol, at, at + 1)
        for accent in accents:
            self.add("accent of", characters.ACCENTS[accent], at, at + 1)
        return at + 1

    def combining(self, at: int) -> int:
        last = self.found[-1] if self.found else None
        if last is None or last.end != at or last.role not in ("letter", "accent of", "styled digit"):
            hint = "write \\hat, \\bar, \\tilde, \\dot or \\vec"
            self.refuse(f"{characters.named(self.text[at])} stands on no letter: {hint}", at, at + 1)
        self.add("accent of", characters.ACCENTS[self.text[at]], at, at + 1)
        return at + 1

    def note_variant(self, name: str, start: int, end: int) -> None:
        r"""Refuse `\phi` and `\varphi` in one formula, since both are read as φ.

        Args:
            name: of a command, or a letter outside ASCII.
        """
        letter = VARIANTS.get(name) or GREEK.get(name, name)
        first = self.variants.setdefault(letter, name)
        if (first in VARIANTS) != (name in VARIANTS):
            hint = "write one of them throughout"
            message = f"`{self.text[start:end]}` stands beside another form of {letter}, but both are read as {letter}"
            self.refuse(f"{message}: {hint}", start, end)


def _take(method: Callable[[Cutter, int], int], signs: str) -> dict[str, Callable[[Cutter, int], int]]:
    return dict.fromkeys(signs, method)


_FIRST: Mapping[str, Callable[[Cutter, int], int]] = {
    **_take(Cutter.space, " \t\r\n"),
    **_take(Cutter.letters, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    **_take(Cutter.number, "0123456789"),
    **_take(backslash, "\\"),
    **_take(Cutter.comment, "%"),
    **_take(Cutter.dollar, "$"),
    **_take(Cutter.stop, "."),
}
