r"""Scripts and primes: `W_1^{[l]\top}`, `g'^{[1]}`, `g^{[1]\prime}`, `A.^T`, and the notes of braces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symbackprop.latex.items import ATOM, Item
from symbackprop.latex.stack import Frame, Stack, Waiting
from symbackprop.latex.surface import Annotated, Blank, Fenced, Letter, Scripted, Span, Surface
from symbackprop.latex.tokens import Token


def read_script(stack: Stack, token: Token) -> None:
    """`^`, `_` or `.^`."""
    items = stack.frame(token).items
    sign = token.value
    if not items or items[-1].kind not in ("atom", "big"):
        hint = "write its base, or put the script behind it"
        stack.refuse(f"nothing stands before `{sign}` that it could be a script of: {hint}", token.start, token.end)
    stack.push(Waiting("script", sign, token, 1))


def make_script(stack: Stack, waiting: Waiting) -> None:
    """The script put on the item before it."""
    item = waiting.arguments[0]
    if item.kind == "big":
        found: Surface = Letter((item.start, item.end), item.text, item.style)
    else:
        value = item.value
        found = stack.joiner.alone(item, script=True) if isinstance(value, str) else value
    _attach(stack, waiting.value, found, (waiting.token.start, item.end))


def read_prime(stack: Stack, token: Token) -> None:
    r"""`'`, `′`, `\prime`: on the base, also where it stands in the superscript, as in `^{[1]\prime}`."""
    count = token.value
    assert isinstance(count, int)
    top = stack.top
    span = (token.start, token.end)
    if isinstance(top, Waiting):
        if top.role != "script" or top.value == "_":
            stack.refuse_open(top, token)
        stack.open.pop()
        _attach(stack, "^", None, span, count)
    elif top.script == "^" and _ends_label(top.items):
        top.primes += count
    elif not top.items or top.items[-1].kind != "atom":
        stack.refuse("nothing stands before the prime: write what it belongs to", *span)
    else:
        _attach(stack, "^", None, span, count)


def close_script(stack: Stack, frame: Frame, span: Span) -> None:
    """The group of a script, closed: put on the base, with the primes in it."""
    waiting = stack.open.pop()
    assert isinstance(waiting, Waiting)
    sign = waiting.value
    first = frame.items[0] if len(frame.items) > 1 else None
    if sign == "^" and first is not None and first.kind == "mul" and first.text in ("∘", "⊙", "*"):
        # `A^{\circ 2}` and `A^{*2}`, entry by entry as `A.^2`
        sign = ".^"
        frame.items = frame.items[1:]
    found: Surface | None = Blank(span)
    if frame.items:
        found = stack.content(frame, (span[0] + 1, span[1] - 1))
    elif frame.primes:
        found = None
    _attach(stack, sign, found, (waiting.token.start, span[1]), frame.primes)


def attach_to_big(stack: Stack, item: Item, below: bool, script: Surface | None, span: Span) -> None:
    """A bound of `∑`, or of `max` and the like."""
    if script is None or (item.sub if below else item.sup) is not None:
        stack.refuse(f"`{item.text}` has a script too many: take one out", *span)
    if below:
        item.sub = script
    else:
        item.sup = script
    item.end = max(item.end, span[1])
    stack.bigs += item.limit


def _attach(stack: Stack, sign: str, script: Surface | None, span: Span, primes: int = 0) -> None:
    """Put a script, primes or both on the last item of the frame on top."""
    frame = stack.top
    assert isinstance(frame, Frame)
    item = frame.items[-1]
    below = sign == "_"
    if item.kind == "big":
        attach_to_big(stack, item, below, script, span)
        return
    note = _annotated(item.surface, below) if script is not None else None
    if note is not None and script is not None:
        item.value = note(script, span[1])
    else:
        item.value = _scripted(stack, item, sign, script, span, primes)
        item.scriptable = True
        item.level = ATOM
    item.end = span[1]


def _scripted(stack: Stack, item: Item, sign: str, script: Surface | None, span: Span, primes: int) -> Scripted:
    if item.level < ATOM:
        inner = stack.joiner.quoted(item.start, item.end)
        message = (
            f"the braces of {inner} do not show in print, so the script may belong to all of it or only to its end: "
            "write ( ) around what it belongs to"
        )
        stack.refuse(message, item.start, span[1])
    found = item.surface
    base, sub, sup, dotted = found, None, None, False
    if item.scriptable and isinstance(found, Scripted):
        base, sub, sup, dotted = found.base, found.sub, found.sup, found.dotted
        primes += found.primes
    if script is not None:
        if (sub if sign == "_" else sup) is not None:
            what = "subscripts" if sign == "_" else "superscripts"
            hint = "write both in one pair of braces, or braces around the base with its first"
            stack.refuse(f"{stack.joiner.quoted(item.start, item.end)} has two {what}: {hint}", *span)
        if sign == "_":
            sub = script
        else:
            sup, dotted = script, dotted or sign == ".^"
    return Scripted((item.start, span[1]), base, sub, sup, primes, dotted)


def _annotated(found: Surface, below: bool) -> Callable[[Surface, int], Surface] | None:
    r"""How the note of `\underbrace` is put on a surface, None where the script is an ordinary one."""
    if not isinstance(found, Annotated | Scripted):
        return None
    kind = "underbrace" if below else "overbrace"
    if isinstance(found, Annotated) and found.kind == kind and found.note is None:
        return lambda note, end: replace(found, span=(found.span[0], end), note=note)
    if isinstance(found, Scripted) and isinstance(found.base, Annotated) and found.base.kind == kind:
        base = found.base
        if base.note is None:
            return lambda note, end: replace(
                found, span=(found.span[0], end), base=replace(base, span=(base.span[0], end), note=note)
            )
    return None


def _ends_label(items: list[Item]) -> bool:
    r"""Whether a prime after these items of a superscript belongs to the base: `^{[1]\prime}`, `^{(l)'}`, `^{'}`."""
    if not items:
        return True
    last = items[-1].value
    return isinstance(last, Fenced) or (isinstance(last, Letter) and last.text in "⊤T")
