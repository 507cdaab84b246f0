"""Cells of tables as a lecture prints them: `4.54e-05` is 4.54 × 10⁻⁵, `W_0` is W₀, a minus is no hyphen.

In Unicode, so that every format prints the same.
"""

from __future__ import annotations

import re

_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ABOVE = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d+)\b")
_INDEX = re.compile(r"(?<=[^\W\d_])_(\d+(?:,\d+)*)")
# not the one of 784-256
_MINUS = re.compile(r"(?<![\w)])-(?=\d)")


def printed(cell: str) -> str:
    """The cell as it is printed."""
    cell = _POWER.sub(lambda found: f"{found[1]} × 10{str(int(found[2])).translate(_ABOVE)}", cell)
    cell = _INDEX.sub(lambda found: found[1].translate(_BELOW), cell)
    return _MINUS.sub("−", cell)
