r"""What is open while a formula is read: an explicit stack, so that no nesting can break the reader.

Frames (the whole, a group, a fence, an environment) gather items; commands, `^` and `_` wait for their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from symbackprop.latex.errors import ReadingError
from symbackprop.latex.items import Item, as_letter
from symbackprop.latex.joining import Joiner
from symbackprop.latex.rows import lines, without_stop
from symbackprop.latex.surface import Fraction, Letter, Span, Styled, Surface
from symbackprop.latex.symbols import CLOSING
from symbackprop.latex.tokens import Token

# so many groups, fences and commands may be open at once
MAX_DEPTH = 200


class Frame:
    r"""What is open and gathers items.

    Attributes:
        kind: "whole", "group", "fence", "left", "bars", "environment" or "degree" (of a root).
        opening: the delimiter or environment.
        script: "^" or "_" where the group is a script.
        rows: whether `\\` may stand in it.
        follows: for bars, whether they were opened after an operand, so that they may be a `|` that separates.
        primes: those of a superscript that belong to its base.
        switch: where `\bf` or the like stands among the items, and its style.
        over: where `\over` stands among the items.
    """

    # as it is with nearly all of them
    follows: bool = False
    primes: int = 0
    switch: tuple[int, str, Token] | None = None
    over: tuple[int, Token] | None = None
    depth: int = 0

    def __init__(self, kind: str, opening: str, token: Token, script: str = "", rows: bool = False) -> None:
        self.kind = kind
        self.opening = opening
        self.token = token
        self.script = script
        self.rows = rows
        self.items: list[Item] = []


class Waiting:
    """A command that waits for its arguments, or `^` and `_` for theirs."""

    depth: int = 0

    def __init__(self, role: str, value: str, token: Token, needed: int) -> None:
        self.role = role
        self.value = value
        self.token = token
        self.needed = needed
        self.arguments: list[Item] = []

    @property
    def reach(self) -> Span:
        """From the command to the end of its last argument."""
        return (self.token.start, max(self.token.end, self.arguments[-1].end))


Maker = Callable[["Stack", Waiting], Item | None]


class Stack:
    """What is open in one text.

    Args:
        found: its tokens.
        makers: what a command makes of its arguments, by role; None where it has put it elsewhere.
        accepted: the kinds of items that may be arguments, by role; atoms where none are given.
    """

    def __init__(
        self, text: str, found: list[Token], makers: Mapping[str, Maker], accepted: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.text = text
        self.tokens = found
        self.at = 0
        self.makers = makers
        self.accepted = accepted
        self.joiner = Joiner(text)
        self.open: list[Frame | Waiting] = [Frame("whole", "", Token("whole", None, 0, len(text)), rows=True)]
        # what bounds the height of the surface without walking it
        self.deepest = 0
        self.bigs = 0

    @property
    def top(self) -> Frame | Waiting:
        return self.open[-1]

    @property
    def following(self) -> Token | None:
        """The token after the one that is read now."""
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None

    def quoted(self, place: Token) -> str:
        return self.joiner.quoted(place.start, place.end)

    def refuse(self, message: str, start: int, end: int) -> NoReturn:
        raise ReadingError(message, self.text, (start, end))

    # --- opening and closing -----------------------------------------------------------------------------------------

    def push(self, entry: Frame | Waiting) -> None:
        top = self.open[-1]
        is_argument = isinstance(top, Waiting) and isinstance(entry, Frame) and entry.kind == "group"
        entry.depth = top.depth if is_argument else top.depth + 1
        if entry.depth > MAX_DEPTH:
            message = f"the formula is nested deeper than {MAX_DEPTH}: name its parts, and write it in several lines"
            self.refuse(message, entry.token.start, entry.token.end)
        self.open.append(entry)
        if entry.depth > self.deepest:
            self.deepest = entry.depth

    def frame(self, token: Token) -> Frame:
        """The frame on top; no command may wait for an argument where `token` stands."""
        top = self.open[-1]
        if isinstance(top, Waiting):
            self.refuse_open(top, token)
        return top

    def closed(self, kind: str, token: Token) -> Frame:
        """The frame on top, of a kind that `token` closes, taken off."""
        frame = self.frame(token)
        if frame.kind == "whole":
            self.refuse(f"{self.quoted(token)} closes nothing: take it out, or open it before", token.start, token.end)
        if frame.kind != kind:
            self.refuse_open(frame, token)
        self.open.pop()
        return frame

    def refuse_open(self, top: Frame | Waiting, token: Token | None) -> NoReturn:
        """Say what is still open on top of the stack, and what stands in its place instead."""
        name = self.quoted(top.token)
        instead = self.quoted(token) if token else "the end of the formula"
        if isinstance(top, Waiting):
            arguments = "an argument" if top.needed == 1 else f"{top.needed} arguments"
            needed = "something to raise or lower" if top.role == "script" else f"{arguments} in braces"
            message = f"{name} needs {needed}, but {instead} comes first: write what is missing"
            self.refuse(message, top.token.start, token.end if token else top.token.end)
        if top.kind == "bars":
            hint = "close it, or write \\lvert … \\rvert to say which bars belong together"
            message = f"the bar {name} finds no partner before {instead}: {hint}"
            self.refuse(message, top.token.start, top.token.end)
        closing = {"group": "}", "degree": "]", "environment": f"\\end{{{top.opening}}}", "left": "\\right)"}
        close = closing.get(top.kind) or CLOSING[top.opening]
        self.refuse(f"{name} is not closed before {instead}: write `{close}`", top.token.start, top.token.end)

    # --- items -------------------------------------------------------------------------------------------------------

    def put(self, item: Item) -> None:
        """Give an item to the command that waits for it, else to the open frame."""
        top = self.open[-1]
        while isinstance(top, Waiting):
            made = self._take(top, item)
            if made is None:
                return
            item, top = made, self.open[-1]
        top.items.append(item)

    def put_atom(self, found: Surface) -> None:
        start, end = found.span
        self.put(Item("atom", found, start, end))

    def _take(self, waiting: Waiting, item: Item) -> Item | None:
        """One more argument of a command; what it makes of them when they are complete."""
        if item.kind != "atom":
            accepted = self.accepted.get(waiting.role, ("atom",))
            if "big" not in accepted:
                (item,) = ready([item])  # `\hat{\max}`
            if item.kind not in accepted:
                self.refuse_open(waiting, Token("", None, item.start, item.end))
        waiting.arguments.append(item)
        if len(waiting.arguments) < waiting.needed:
            return None
        self.open.pop()
        return self.makers[waiting.role](self, waiting)

    # --- what a frame holds ------------------------------------------------------------------------------------------

    def content(self, frame: Frame, span: Span) -> Surface:
        """The items of a frame, joined; `span` is the place of what it holds."""
        items = frame.items
        if frame.over is not None:
            return self._fraction(frame, frame.over, span)
        if len(items) == 1 and items[0].kind == "atom" and frame.switch is None:
            return items[0].surface
        if frame.switch is not None:
            frame.items = self._switched(frame.items, frame.switch)
        if frame.rows:
            return lines(self.joiner, ready(frame.items), span)
        return self.joiner.line(ready(frame.items), script=bool(frame.script))

    def _fraction(self, frame: Frame, over: tuple[int, Token], span: Span) -> Surface:
        """`{a \\over b}`."""
        at, token = over
        above, below = frame.items[:at], frame.items[at:]
        if frame.kind == "whole":
            below = without_stop(below)
        if any(item.kind in ("row", "amp") for item in frame.items):
            hint = "write `{…}` around its two parts"
            self.refuse(f"`\\over` stands among several rows or cells: {hint}", token.start, token.end)
        if not above or not below:
            missing = "below" if above else "above"
            hint = "write it, or `\\frac{…}{…}`"
            self.refuse(f"nothing stands {missing} `\\over`: {hint}", token.start, token.end)
        return Fraction(span, self.joiner.line(ready(above)), self.joiner.line(ready(below)))

    def _switched(self, items: list[Item], switch: tuple[int, str, Token]) -> list[Item]:
        r"""`{\bf x}`, and `{\rm diag}`, whose letters are one word."""
        at, style, token = switch
        rest = ready(items[at:])
        if not rest:
            hint = "write what it is the style of"
            self.refuse(f"nothing stands after {self.quoted(token)}: {hint}", token.start, token.end)
        span = (token.start, rest[-1].end)
        letters = [item.value for item in rest if isinstance(item.value, Letter) and item.value.style == "plain"]
        if style in ("roman", "sans") and len(letters) == len(rest):
            return [*items[:at], atom(Letter(span, "".join(letter.text for letter in letters), style))]
        return [*items[:at], atom(styled(style, self.joiner.line(rest), span))]


def atom(found: Surface) -> Item:
    start, end = found.span
    return Item("atom", found, start, end)


def styled(style: str, found: Surface, span: Span) -> Surface:
    """A letter in a style, or a style around what is no plain letter."""
    if isinstance(found, Letter) and found.style == "plain":
        return Letter(span, found.text, style)
    return found if style == "plain" else Styled(span, style, found)


def ready(items: list[Item]) -> list[Item]:
    """The items, with `max` and the like as letters where no script makes them bind."""
    if True not in [item.limit for item in items]:
        return items
    return [as_letter(item) if item.limit and item.sub is None and item.sup is None else item for item in items]
