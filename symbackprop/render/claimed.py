"""A chain that is printed as somebody claimed it: its relation carries the word, in every format."""

from __future__ import annotations

from symbackprop.equations import Network
from symbackprop.notations import Notation
from symbackprop.render.boxes import Box, Infix, Over, Row, Words
from symbackprop.render.layout import Look, layout
from symbackprop.render.speech import speak
from symbackprop.statements import Chain, Statement
from symbackprop.tree import node


@node
class Claimed(Statement):
    """A chain of one relation that does not hold."""

    says: Chain


@layout.register
def _(e: Claimed, look: Look) -> Box:
    whole = layout(e.says, look)
    assert isinstance(whole, Row)
    marked = [Over(item, Words("claimed")) if isinstance(item, Infix) else item for item in whole.items]
    return Row(tuple(marked))


@speak.register
def _(e: Claimed, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"as claimed, {speak(e.says, network, notation)}"
