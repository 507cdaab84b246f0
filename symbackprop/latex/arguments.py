r"""Commands with arguments: fractions, roots, accents, styles, braces, and what stands over or under."""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.latex.items import ATOM, Item, level_of, limit
from symbackprop.latex.scripts import attach_to_big, make_script
from symbackprop.latex.stack import Frame, Maker, Stack, Waiting, atom, styled
from symbackprop.latex.surface import Accented, Annotated, Fraction, Letter, Root, Styled, Surface
from symbackprop.latex.symbols import LIMIT_WORDS
from symbackprop.latex.tokens import Token

_TWO = ("fraction", "stacked")


def read_command(stack: Stack, token: Token) -> None:
    """A command that waits for its arguments."""
    stack.push(Waiting(token.role, str(token.value or ""), token, 2 if token.role in _TWO else 1))
    after = stack.following
    if token.role == "root" and after is not None and after.role == "open" and after.value == "[":
        stack.push(Frame("degree", "[", after))


def read_accent_after(stack: Stack, token: Token) -> None:
    """A combining accent, which follows its letter."""
    name = str(token.value)
    frame = stack.top
    item = frame.items[-1] if isinstance(frame, Frame) and frame.items else None
    # what a command or a script has taken is no letter any more: `\frac1ŷ`, `x_ŷ`
    if item is None or not isinstance(item.value, Letter | Accented | Styled) or stack.text[item.start] == "\\":
        stack.refuse("an accented letter needs braces here: write {\\hat{y}}", token.start, token.end)
    assert isinstance(frame, Frame)
    span = (item.start, token.end)
    is_style = name in ("vec", "underline")
    frame.items[-1] = atom(styled(name, item.surface, span) if is_style else Accented(span, name, item.surface))


def read_over(stack: Stack, token: Token) -> None:
    r"""`\over`, between the two parts of a group."""
    frame = stack.frame(token)
    if frame.kind not in ("group", "left", "whole") or frame.over is not None or frame.switch is not None:
        hint = "write `{a \\over b}` or `\\frac{a}{b}`"
        stack.refuse(f"`\\over` needs braces around its two parts: {hint}", token.start, token.end)
    frame.over = (len(frame.items), token)


def read_switch(stack: Stack, token: Token) -> None:
    r"""`\bf` and the like, up to the end of the group."""
    name = stack.text[token.start : token.end]
    frame = stack.frame(token)
    if frame.kind != "group" or frame.switch is not None or frame.over is not None:
        message = f"`{name}` needs braces around what it is the style of: write `{{{name} x}}`"
        stack.refuse(message, token.start, token.end)
    frame.switch = (len(frame.items), str(token.value), token)


# --- what is made of complete arguments ------------------------------------------------------------------------------


def _fraction(stack: Stack, waiting: Waiting) -> Item:
    above, below = waiting.arguments
    return atom(Fraction(waiting.reach, above.surface, below.surface))


def _root(stack: Stack, waiting: Waiting) -> Item:
    degree = waiting.arguments[0].surface if waiting.needed == 2 else None
    return atom(Root(waiting.reach, waiting.arguments[-1].surface, degree))


def _accent(stack: Stack, waiting: Waiting) -> Item:
    return atom(Accented(waiting.reach, waiting.value, waiting.arguments[0].surface))


def _style(stack: Stack, waiting: Waiting) -> Item:
    return atom(styled(waiting.value, waiting.arguments[0].surface, waiting.reach))


def _brace(stack: Stack, waiting: Waiting) -> Item:
    return atom(Annotated(waiting.reach, waiting.value, waiting.arguments[0].surface))


def _substack(stack: Stack, waiting: Waiting) -> Item:
    return waiting.arguments[0]


def _kept(stack: Stack, waiting: Waiting) -> Item:
    r"""`\boxed{x}` shows its box, so that it is one quantity; `\mathop{…}` shows nothing."""
    item = waiting.arguments[0]
    item.start, item.end = waiting.reach
    if item.kind == "atom":
        item.level = ATOM if waiting.value == "box" else level_of(item.surface)
    return item


def _stacked(stack: Stack, waiting: Waiting) -> Item:
    r"""`\overset{note}{body}`: a bound of `max`, a note of a relation, or of anything else."""
    note, body = waiting.arguments
    span = waiting.reach
    mark = note.value if isinstance(note.value, Surface) else stack.joiner.alone(note, script=True)
    if waiting.value == "underset" and body.kind == "atom":
        body = _as_limit(body)
    if body.kind == "big":
        attach_to_big(stack, body, waiting.value == "underset", mark, span)
    elif body.kind == "atom":
        return atom(Annotated(span, waiting.value, body.surface, mark))
    else:
        body.note = mark
    body.start, body.end = span
    return body


def _as_limit(item: Item) -> Item:
    found = item.surface
    if isinstance(found, Letter) and found.text in LIMIT_WORDS:
        return limit(found.text, found.style, item.start, item.end)
    return item


_ANY = ("atom", "big", "mul", "add", "rel")
# what may be an argument beside an atom
ACCEPTED: Mapping[str, tuple[str, ...]] = {"stacked": _ANY, "keep1": _ANY, "script": _ANY}
MAKERS: Mapping[str, Maker] = {
    "script": make_script,
    "fraction": _fraction,
    "root": _root,
    "accent": _accent,
    "style": _style,
    "brace": _brace,
    "substack": _substack,
    "keep1": _kept,
    "stacked": _stacked,
}
