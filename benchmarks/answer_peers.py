"""What other packages say of pairs of formulas, each package in a process of its own, where it is installed.

As a program it is run by the Python that has the package: `python answer_peers.py NAME` reads pairs as JSON, and writes
for each what was said and the seconds it took. It imports nothing of this project.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

Same = Callable[[str, str], "bool | None"]
# seconds for a pair
LONGEST = 5


def plain(text: str) -> str:
    r"""A formula with no sign that scalar readers lack, where another says the same: `\vec`, `\odot`, `\text`."""
    for old, new in (
        (r"\\(?:vec|mathbf)\{([^{}]*)\}", r"\1"),
        (r"\\left|\\right", ""),
        (r"\\odot|\\circ", r"\\cdot "),
        (r"\\(?:text|operatorname)\{(\w+)\}", r"\\mathrm{\1}"),
    ):
        text = re.sub(old, new, text)
    return text


def _by_sympy(read: Callable[[str], Any]) -> Same:
    """Whether the difference of two readings is 0."""
    import sympy

    def same(one: str, two: str) -> bool:
        a, b = read(one), read(two)
        if a == b:
            return True
        difference = a - b
        if getattr(difference, "is_Matrix", False):
            return bool(sympy.simplify(difference).is_zero_matrix)
        return bool(sympy.simplify(difference) == 0)

    return same


def math_verify() -> Same:
    from math_verify import parse, verify

    def same(one: str, two: str) -> bool | None:
        gold, given = (parse(f"${text}$", parsing_timeout=None) for text in (one, two))
        if not gold or not given:
            return None
        return bool(verify(gold, given, timeout_seconds=None))

    return same


def latex2sympy2() -> Same:
    from latex2sympy2 import latex2sympy

    return _by_sympy(latex2sympy)


def latex2sympy2_extended() -> Same:
    from latex2sympy2_extended import latex2sympy

    return _by_sympy(latex2sympy)


def sympy_parser() -> Same:
    from sympy.parsing.latex import parse_latex

    parse_latex("x")
    return _by_sympy(parse_latex)


PEERS: dict[str, tuple[str, Callable[[], Same]]] = {
    "Math-Verify": ("math_verify", math_verify),
    "latex2sympy2": ("latex2sympy2", latex2sympy2),
    "latex2sympy2-extended": ("latex2sympy2_extended", latex2sympy2_extended),
    "SymPy's parser": ("sympy.parsing.latex", sympy_parser),
}


class _TooLate(BaseException):
    pass


def _ring(*_: object) -> None:
    raise _TooLate


def said_of(pairs: list[tuple[str, str]], same: Same) -> list[tuple[bool | None, float]]:
    """What is said of each pair, None for one that is refused, and the seconds."""
    found: list[tuple[bool | None, float]] = []
    signal.signal(signal.SIGALRM, _ring)
    for one, two in pairs:
        start = time.perf_counter()
        said: bool | None = None
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        try:
            said = same(plain(one), plain(two))
        except (Exception, _TooLate):
            said = None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        found.append((said, time.perf_counter() - start))
    return found


def main() -> None:
    """Pairs from standard input, what is said of them to standard output."""
    pairs = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        same = PEERS[sys.argv[1]][1]()
    except ImportError as error:
        json.dump({"missing": str(error)}, out)
        return
    json.dump({"said": said_of(pairs, same)}, out)


if __name__ == "__main__":
    main()
