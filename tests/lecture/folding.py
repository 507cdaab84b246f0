"""When two LaTeX formulas count as one: token by token, but for blanks, alignment, sizes and needless braces."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S")
# they change how a formula is set and nothing that it says
DROPPED = frozenset({"&", r"\left", r"\right"})


def folded(latex: str) -> list[str]:
    """The tokens of a formula that say something."""
    made: list[str] = []
    for token in TOKEN.findall(latex):
        if token in DROPPED:
            continue
        if token == "}" and len(made) > 1 and made[-2] == "{" and made[-1] not in ("{", "}"):
            made[-2:] = made[-1:]
        else:
            made.append(token)
    return made
