"""latex2sympy2 in a process of its own: a JSON list of formulas in, a JSON list of what it read out, as `srepr`.

It keeps variables between two calls: after one formula with `dZ` every product fails, and a value once assigned is put
into later matrices. So its variables are emptied before each formula (with `--as-it-is` they are not). It also installs
packages called `tests` and `gen`, and warns on import; in a process of its own none of that reaches the tests.

It takes half a minute for the corpus, so what it reads is kept in a file, of which the tests read a part again:

    python tests/latex/second_reader.py --record
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
READINGS = HERE / "scalar_second_readings.json"


def second_readings(texts: list[str], *, emptied: bool = True) -> list[dict[str, str]]:
    """For each formula what it read, or the error it raised."""
    import latex2sympy2
    import sympy

    def read(text: str) -> dict[str, str]:
        if emptied:
            latex2sympy2.set_variances({})
        try:
            return {"read": sympy.srepr(latex2sympy2.latex2sympy(text))}
        except Exception as error:  # it raises plain Exceptions, TypeErrors and AttributeErrors
            return {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}

    return [read(text) for text in texts]


def main() -> None:
    if "--record" in sys.argv:
        corpus = json.loads((HERE / "scalar_corpus.json").read_text(encoding="utf-8"))
        texts = [each["latex"] for each in corpus["formulas"]]
        found = dict(zip(texts, second_readings(texts), strict=True))
        READINGS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        json.dump(second_readings(json.load(sys.stdin), emptied="--as-it-is" not in sys.argv), sys.stdout)


if __name__ == "__main__":
    main()
