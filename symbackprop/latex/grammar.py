r"""From tokens to the surface of a formula.

Each token goes to the function of its role; what is open stands on a stack of our own (`symbackprop.latex.stack`), and
what is closed is joined by precedence (`symbackprop.latex.joining`). Nothing here calls itself, however deep the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache

from symbackprop.latex.arguments import (
    ACCEPTED,
    MAKERS,
    read_accent_after,
    read_command,
    read_over,
    read_switch,
)
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.fences import (
    begin_environment,
    begin_group,
    close_bars,
    close_fence,
    close_right,
    end_environment,
    end_group,
    open_fence,
    open_left,
    read_bar,
    read_row,
)
from symbackprop.latex.items import Item, limit
from symbackprop.latex.scripts import read_prime, read_script
from symbackprop.latex.stack import MAX_DEPTH, Frame, Stack, Waiting
from symbackprop.latex.surface import (
    AROUND_OTHERS,
    Accented,
    Blank,
    Dots,
    Fenced,
    Fraction,
    Letter,
    Matrix,
    Numeral,
    Prose,
    Scripted,
    Styled,
    Surface,
    kind_of,
    moved,
    values,
    written_in,
)
from symbackprop.latex.symbols import LIMIT_WORDS, PROSE, WORDS
from symbackprop.latex.tokens import Name, Token, is_simple, stands_alone, tokens, tokens_and_names, varied

# so many nodes may stand below one another: whoever walks a surface by recursion stays within Python's limit
MAX_HEIGHT = 250
# so many names are kept
MOST_NAMES = 4096
# a text that is a word or a label, not prose
_LABEL = re.compile(r"[\w=+/-]+\Z")


def surface(text: str, words: Collection[str] = WORDS) -> Surface:
    r"""The surface of a formula, of several lines, or of a line that starts with a relation.

    Args:
        words: runs of letters that are one word without a backslash; extend `symbackprop.latex.symbols.WORDS`.

    Raises:
        ReadingError: where the text is no formula or may be read in two ways; it points at the place.
    """
    # what is a name by itself is so with the usual words
    return joined(text, cut(text) if words is WORDS else tokens(text, words))


def cut(text: str) -> list[Token]:
    """The tokens of a formula with the usual words, names among them.

    Raises:
        ReadingError: for a text that is too long, and for what no formula has in it.
    """
    return tokens_and_names(text, WORDS, _name)


def joined(text: str, found: list[Token]) -> Surface:
    """The surface of a formula whose tokens were found.

    Raises:
        ReadingError: where they make no formula or may be read in two ways.
    """
    return _joined(Stack(text, found, MAKERS, ACCEPTED))


@lru_cache(maxsize=MOST_NAMES)
def _name(written: str) -> Name | None:
    """What is read at once; None where that is nothing by itself."""
    if not stands_alone(written):
        return None
    try:
        stack = Stack(written, _cut(written), MAKERS, ACCEPTED)
        found = _joined(stack)
    except ReadingError:
        return None
    if not isinstance(found, Letter | Accented | Scripted | Fraction | Fenced | Matrix):
        return None
    if found.span != (0, len(written)):
        return None
    if kind_of(found) in AROUND_OTHERS and not is_simple(stack.tokens, isinstance(found, Matrix)):
        return None
    signs = sum(token.value.signs if token.role == "name" else 1 for token in stack.tokens)
    if not isinstance(found, Letter):
        found = replace(found, written=written)
    return Name(found, written_in(found), kind_of(found), tuple(stack.tokens), stack.deepest, signs, varied(written))


def _cut(written: str) -> list[Token]:
    """The tokens of a name; parentheses and matrices may hold other names."""
    if written[0] != "(" and not written.startswith(("\\left", "\\begin")):
        return tokens(written)
    return tokens_and_names(written, WORDS, lambda inner: None if inner == written else _name(inner))


def _joined(stack: Stack) -> Surface:
    for at, token in enumerate(stack.tokens):
        stack.at = at
        _ROLES[token[0]](stack, token)
    close_bars(stack, None)
    whole = stack.top
    if isinstance(whole, Waiting) or whole.kind != "whole":
        stack.refuse_open(whole, None)
    found = stack.content(whole, (0, len(stack.text)))
    if isinstance(found, Blank) and not found.text:
        stack.refuse("there is no formula in the text: write one", 0, len(stack.text))
    _check_height(stack, found)
    return found


def _check_height(stack: Stack, found: Surface) -> None:
    """Refuse what others could not walk by recursion."""
    if stack.deepest * 8 + stack.bigs * 2 <= MAX_HEIGHT:
        return  # a level of nesting adds eight nodes at most, an operator two
    level = [found]
    for _ in range(MAX_HEIGHT):
        level = [part for node in level for part in parts(node)]
        if not level:
            return
    message = "the formula is nested too deep: name its parts, and write it in several lines"
    stack.refuse(message, *level[0].span)


def parts(node: Surface) -> list[Surface]:
    """The surfaces that a surface is made of, signs included."""
    found: list[Surface] = []
    waiting = values(node)
    for value in waiting:  # which grows while it is walked
        if isinstance(value, Surface):
            found.append(value)
        elif isinstance(value, tuple):
            waiting.extend(value)
    return found


# --- letters, numbers, signs -----------------------------------------------------------------------------------------


def _letter(stack: Stack, token: Token) -> None:
    _, (text, style), start, end = token
    item = Item("atom", Letter((start, end), text, style), start, end)
    top = stack.open[-1]
    # most letters are no argument
    if isinstance(top, Frame):
        top.items.append(item)
    else:
        stack.put(item)


def _named(stack: Stack, token: Token) -> None:
    """What is read at once; where a command waits for an argument, or in a script, sign by sign."""
    _, name, start, end = token
    top = stack.open[-1]
    if isinstance(top, Frame) and not top.script and top.depth + name.depth <= MAX_DEPTH:
        stack.deepest = max(stack.deepest, top.depth + name.depth)
        item = Item("atom", moved(name.surface, start), start, end)
        item.scriptable = type(name.surface) is Scripted
        top.items.append(item)
        return
    for role, value, at, until in name.tokens:
        _ROLES[role](stack, Token(role, value, at + start, until + start))


def _limit(stack: Stack, token: Token) -> None:
    r"""`\max` and the like, after `\arg` too."""
    text, style = token.value
    start = token.start
    top = stack.top
    if isinstance(top, Frame) and top.items and text in ("max", "min"):
        last = top.items[-1].value
        if isinstance(last, Letter) and last.text == "arg":
            start = top.items.pop().start
            text = f"arg{text}"
    stack.put(limit(text, style, start, token.end))


def _big(stack: Stack, token: Token) -> None:
    stack.bigs += 1
    stack.put(Item("big", str(token.value), token.start, token.end))


def _word(stack: Stack, token: Token) -> None:
    """A word, which is a letter of several characters, or prose."""
    raw, style = token.value
    text = " ".join(raw.split())
    top = stack.top
    if isinstance(top, Waiting) and stack.text[token.start] != "\\":
        command = stack.quoted(top.token).strip("`")
        message = f"TeX takes only the first letter of `{text}` here: write `{command}{{{text}}}`"
        stack.refuse(message, top.token.start, token.end)
    if text in LIMIT_WORDS and " " not in raw:
        _limit(stack, token)
    elif text.rstrip(".,;:") in PROSE or not _LABEL.match(text):
        if text:
            found = Prose((token.start, token.end), text)
            stack.put(Item("atom" if isinstance(top, Waiting) else "prose", found, token.start, token.end))
    else:
        stack.put_atom(Letter((token.start, token.end), text, style))


def _number(stack: Stack, token: Token) -> None:
    r"""A number; as an argument without braces TeX takes one digit, so that `\frac12` is ½ and `x_12` is refused."""
    _, text, start, end = token
    top = stack.open[-1]
    if isinstance(top, Frame) and not top.script:
        _check_letter_before(stack, token)
    if isinstance(top, Frame) or len(text) == 1:
        stack.put(Item("atom", Numeral((start, end), text), start, end))
    elif top.role == "fraction" and not top.arguments and len(text) == 2 and text.isdigit():
        for i, digit in enumerate(text, token.start):
            stack.put_atom(Numeral((i, i + 1), digit))
    else:
        command = stack.text[top.token.start : top.token.end]
        hint = f"write `{command}{{{text}}}`, or a sign between the digits"
        stack.refuse(f"TeX takes only the first digit of `{text}` here: {hint}", top.token.start, token.end)


def _check_letter_before(stack: Stack, token: Token) -> None:
    """Refuse `W1`, which may be a name or a product; in a script, as in `w_{i1}`, both are indices."""
    last = stack.tokens[stack.at - 1] if stack.at else token
    if last.role not in ("letter", "text") or last.end != token.start or stack.text[last.start] == "\\":
        return
    letter, digits = stack.text[last.start : last.end], str(token.value)
    indexed = f"{letter}_{{{digits}}}"
    message = (
        f"`{letter}{digits}` may be `{indexed}` or {letter} times {digits}: write `{indexed}` or `{digits} {letter}`"
    )
    stack.refuse(message, last.start, token.end)


def _digit(stack: Stack, token: Token) -> None:
    """A digit of a mathematical alphabet: 𝟏."""
    text, style = token.value
    span = (token.start, token.end)
    stack.put_atom(Styled(span, style, Numeral(span, text)))


def _dots(stack: Stack, token: Token) -> None:
    stack.put_atom(Dots((token.start, token.end), str(token.value)))


def _sign(stack: Stack, token: Token) -> None:
    role, value, start, end = token
    item = Item(role, value, start, end)
    top = stack.open[-1]
    if isinstance(top, Frame):
        top.items.append(item)
    else:
        stack.put(item)


def _separator(stack: Stack, token: Token) -> None:
    stack.frame(token).items.append(Item(token.role, str(token.value), token.start, token.end))


def _given(stack: Stack, token: Token) -> None:
    stack.frame(token).items.append(Item("sep", "|", token.start, token.end))


def _drop(stack: Stack, token: Token) -> None:
    """A space, or a command about looks: says nothing."""


_ROLES: Mapping[str, Callable[[Stack, Token], None]] = {
    **dict.fromkeys(MAKERS, read_command),
    **dict.fromkeys(("mul", "add", "rel"), _sign),
    **dict.fromkeys(("sep", "quad", "stop"), _separator),
    **dict.fromkeys(("row", "amp"), read_row),
    "letter": _letter,
    "name": _named,
    "limit": _limit,
    "big": _big,
    "text": _word,
    "number": _number,
    "styled digit": _digit,
    "dots": _dots,
    "given": _given,
    "drop": _drop,
    "script": read_script,
    "prime": read_prime,
    "begin group": begin_group,
    "end group": end_group,
    "open": open_fence,
    "close": close_fence,
    "left": open_left,
    "right": close_right,
    "begin": begin_environment,
    "end": end_environment,
    "bar": read_bar,
    "over": read_over,
    "switch": read_switch,
    "accent of": read_accent_after,
}
