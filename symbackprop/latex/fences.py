r"""Groups in braces, delimiters, bars and environments: what opens and closes."""

from __future__ import annotations

from symbackprop.latex.items import ATOM, Item, level_of
from symbackprop.latex.rows import cells
from symbackprop.latex.scripts import close_script
from symbackprop.latex.stack import Frame, Stack, Waiting, atom, ready
from symbackprop.latex.surface import Blank, Fenced, Letter, Lines, Matrix, Span, Surface
from symbackprop.latex.symbols import CLOSING, LINES, OPENING
from symbackprop.latex.tokens import Token

# --- groups ----------------------------------------------------------------------------------------------------------


def begin_group(stack: Stack, token: Token) -> None:
    top = stack.open[-1]
    role = top.role if isinstance(top, Waiting) else ""
    script = top.value[-1] if isinstance(top, Waiting) and role == "script" else ""
    stack.push(Frame("group", "{", token, script, role == "substack"))


def end_group(stack: Stack, token: Token) -> None:
    frame = stack.open[-1]
    if isinstance(frame, Frame) and frame.kind == "group":
        stack.open.pop()
    else:
        close_bars(stack, token)
        frame = stack.closed("group", token)
    span = (frame.token.start, token.end)
    if frame.rows:
        rows = cells(stack.joiner, ready(frame.items), span, punctuated=True)
        stack.put_atom(Matrix(span, "substack", rows))
    elif frame.script:
        close_script(stack, frame, span)
    elif _is_sign(frame):
        _put_sign(stack, frame.items[0], span)
    else:
        _put_group(stack, frame, span)


def _put_group(stack: Stack, frame: Frame, span: Span) -> None:
    is_argument = isinstance(stack.top, Waiting)
    if frame.items or frame.over or frame.switch:
        found = stack.content(frame, (span[0] + 1, span[1] - 1))
        stack.put(Item("atom", found, *span, level=ATOM if is_argument else level_of(found)))
    elif is_argument:
        stack.put_atom(Blank(span))
    # else `{}` in the open, which only keeps signs apart


def _is_sign(frame: Frame) -> bool:
    one = len(frame.items) == 1 and frame.items[0].kind not in ("atom", "prose")
    return one and frame.switch is None and frame.over is None


def _put_sign(stack: Stack, item: Item, span: Span) -> None:
    r"""`{=}`, `{\odot}` and `{\sum}` as without braces; what `{,}` separates is not known."""
    if item.kind in ("sep", "stop", "quad"):
        stack.refuse(f"{stack.joiner.quoted(*span)} stands alone in braces: write it without them", *span)
    item.start, item.end = span
    stack.put(item)


# --- delimiters ------------------------------------------------------------------------------------------------------


def open_fence(stack: Stack, token: Token) -> None:
    top = stack.top
    if isinstance(top, Frame) and top.kind == "degree" and top.token is token:
        return  # opened by `\sqrt`
    if isinstance(top, Waiting) and stack.text[top.token.start] != "√":
        stack.refuse_open(top, token)  # TeX would take the delimiter alone
    stack.push(Frame("fence", str(token.value), token))


def close_fence(stack: Stack, token: Token) -> None:
    closing = str(token.value)
    close_bars(stack, token)
    frame = stack.frame(token)
    if frame.kind == "degree" and closing == "]":
        _close_degree(stack, token)
        return
    if frame.kind == "whole":
        hint = f"write `{OPENING[closing]}` before it, or take it out"
        stack.refuse(f"{stack.quoted(token)} closes nothing: {hint}", token.start, token.end)
    if frame.kind != "fence" or CLOSING[frame.opening] != closing:
        stack.refuse_open(frame, token)
    stack.open.pop()
    _put_fence(stack, frame, closing, token)


def open_left(stack: Stack, token: Token) -> None:
    stack.frame(token)
    stack.push(Frame("left", str(token.value), token))


def close_right(stack: Stack, token: Token) -> None:
    close_bars(stack, token)
    _put_fence(stack, stack.closed("left", token), str(token.value), token)


def _put_fence(stack: Stack, frame: Frame, closing: str, token: Token) -> None:
    inner = (frame.token.end, token.start)
    body = stack.content(frame, inner) if frame.items or frame.over else Blank(inner)
    stack.put_atom(Fenced((frame.token.start, token.end), frame.opening, body, closing))


def _close_degree(stack: Stack, token: Token) -> None:
    r"""The degree of `\sqrt[3]{x}`: an argument before the other."""
    frame = stack.closed("degree", token)
    waiting = stack.top
    assert isinstance(waiting, Waiting)
    if not frame.items:
        hint = "write it, or leave the brackets out"
        stack.refuse(f"the degree of the root is empty: {hint}", frame.token.start, token.end)
    waiting.needed = 2
    waiting.arguments.append(atom(stack.content(frame, (frame.token.end, token.start))))


# --- bars ------------------------------------------------------------------------------------------------------------


def read_bar(stack: Stack, token: Token) -> None:
    r"""`|` and `\|` have no sides.

    One opens where an operand must come, closes the last open one of its kind, and opens where there is none.
    """
    value = str(token.value)
    frame = stack.frame(token)
    expected = _expects_operand(frame)
    if value == "||" and not expected and frame.kind == "bars" and frame.opening == "|":
        # two that close, or one that closes and one that opens
        read_bar(stack, Token("bar", "|", token.start, token.start + 1))
        read_bar(stack, Token("bar", "|", token.start + 1, token.end))
        return
    value = "‖" if value == "||" else value
    if not expected and frame.kind == "bars" and frame.opening == value:
        stack.open.pop()
        _put_fence(stack, frame, value, token)
        return
    after = stack.following
    if after is not None and after.role == "script":
        hint = "write \\left. … \\right| for a value at a point, or open the bar before"
        stack.refuse(f"the bar before a script closes nothing: {hint}", token.start, after.end)
    frame = Frame("bars", value, token)
    frame.follows = not expected
    stack.push(frame)


def _expects_operand(frame: Frame) -> bool:
    """Whether what comes next in a frame starts an operand."""
    last = next((item for item in reversed(frame.items) if item.kind != "quad"), None)
    if last is None or last.kind != "atom":
        return True
    return isinstance(last.value, Letter) and last.value.style == "operator"


def close_bars(stack: Stack, token: Token | None) -> None:
    """At the end of a frame, a `|` that stands after an operand and has no partner separates, as in `p(y|x)`."""
    while isinstance(bars := stack.top, Frame) and bars.kind == "bars":
        stack.open.pop()
        frame = stack.top
        fenced = isinstance(frame, Frame) and (frame.kind in ("fence", "left") or bool(frame.script))
        if not fenced or not bars.follows or bars.opening != "|":
            stack.refuse_open(bars, token)
        assert isinstance(frame, Frame)
        frame.items.append(Item("sep", "|", bars.token.start, bars.token.end))
        frame.items.extend(bars.items)


# --- environments ----------------------------------------------------------------------------------------------------


def begin_environment(stack: Stack, token: Token) -> None:
    stack.frame(token)
    stack.push(Frame("environment", str(token.value), token, rows=True))


def end_environment(stack: Stack, token: Token) -> None:
    close_bars(stack, token)
    frame = stack.closed("environment", token)
    name = frame.opening
    if name != token.value:
        message = f"`\\begin{{{name}}}` ends as `{token.value}`: write `\\end{{{name}}}`"
        stack.refuse(message, token.start, token.end)
    span = (frame.token.start, token.end)
    if name in LINES:
        found: Surface = stack.content(frame, span)
        # several lines are seen to be a block
        stack.put(Item("atom", found, *span, level=ATOM if isinstance(found, Lines) else level_of(found)))
        return
    rows = cells(stack.joiner, ready(frame.items), span, punctuated="cases" in name)
    stack.put_atom(Matrix(span, name, rows))


def read_row(stack: Stack, token: Token) -> None:
    r"""`\\` and `&`, where rows may be."""
    top = stack.top
    if isinstance(top, Frame) and top.kind == "bars":
        stack.refuse_open(top, token)
    frame = stack.frame(token)
    if not frame.rows:
        hint = "close it first, or write an environment"
        message = f"{stack.quoted(token)} stands inside {stack.quoted(frame.token)}, which has no rows: {hint}"
        stack.refuse(message, token.start, token.end)
    frame.items.append(Item(token.role, token.role, token.start, token.end))
