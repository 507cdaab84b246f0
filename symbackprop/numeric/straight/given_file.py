"""The file that a pass through a network of one's own is written to."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.dims import Dim
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.straight.file import PASS, indented, joined, ready
from symbackprop.numeric.straight.given import GivenPass
from symbackprop.numeric.straight.sizes import spelled, tuple_of
from symbackprop.numeric.straight.trees import extent_of
from symbackprop.numeric.straight.writer import INDENT

CALL = '''\
def gradients({arguments}, out=None{keywords}):
    {raw}"""{doc}
    """
    kind = {first}.dtype
{measured}    if out is None:
        out = {{{new}}}
{pass_}'''


def file_of(made: GivenPass) -> str:
    """The source of a file with `gradients(W_1, x, …, out=None)`, which gives the loss and a dict of gradients.

    Raises:
        SymbackpropError: for a size that no array has.
    """
    arguments = ", ".join(made.parameters)
    functions = made.functions
    of = ", ".join([*made.letters.values(), "kind"])
    measured = _measured(made)
    doc = indented(_docstring(made))
    call = CALL.format(
        arguments=arguments,
        raw="r" if "\\" in doc else "",
        keywords=f", *, {', '.join(functions)}" if functions else "",
        doc=doc,
        first=next(iter(made.parameters)),
        measured="".join(f"{INDENT}{line}\n" for line in measured),
        new=", ".join(f'"{name}": np.empty({tuple_of(made.array(name))}, kind)' for name in made.asked),
        pass_=PASS.format(of=of, given=f"{arguments}, out", passed="".join(f", {name}" for name in functions)),
    )
    title = "Loss and gradients of a network.\n\nMade by symbackprop; needs NumPy only.\n"
    sizes = of if made.letters else f"({of},)"
    return joined(title, [*made.definitions, _workspace(made, arguments, of), call, ready(of, sizes)])


def _workspace(made: GivenPass, arguments: str, of: str) -> str:
    passed = "".join(f", {name}" for name in made.functions)
    lines = [
        f"def workspace({of}):",
        '    """The pass over arrays of these sizes, with the arrays that it works in."""',
        *(f"    {line}" for line in made.arrays),
        "",
        f"    def run({arguments}, out{passed}):",
        *(f'        out_{name} = out["{name}"]' for name in made.asked),
        *(f"        {line}" for line in made.lines),
        f"        {made.result}",
        "",
        "    return run",
    ]
    return "\n".join(lines)


def _measured(made: GivenPass) -> list[str]:
    """The lines that find the sizes, from the shapes of what is given.

    Raises:
        SymbackpropError: for a size that no array has.
    """
    places = [
        (f"{name}.shape[{axis}]", size)
        for name, extent in made.shapes.items()
        for axis, size in enumerate(extent_of(extent))
    ]
    lines: list[str] = []
    known: set[str] = set()
    missing = set(made.letters.values())
    while missing:
        found = next((line for text, size in places if (line := _solved(text, size, missing, known)) is not None), None)
        if found is None:
            letter = min(letter for letter, name in made.letters.items() if name in missing)
            raise SymbackpropError(
                f"no shape of what is given says what {letter} is: give it a number, as "
                f"network.given({{{letter!r}: 4}}).gradients()"
            )
        name, text = found
        lines.append(f"{name} = {text}")
        known.add(name)
        missing.discard(name)
    return lines


def _solved(text: str, size: Dim, missing: set[str], known: set[str]) -> tuple[str, str] | None:
    """The one letter of a size that is not known yet, and what it is where the size is `text`."""
    unknown = [(str(atom), count) for atom, count in size.terms if str(atom) not in known]
    if len(unknown) != 1 or unknown[0][0] not in missing:
        return None
    (name, count), rest = unknown[0], size.constant
    others = Dim(tuple((atom, each) for atom, each in size.terms if str(atom) != name), rest)
    if others.terms or others.constant:
        text = f"{text} - ({spelled(others)})" if others.terms else f"{text} {'-' if rest > 0 else '+'} {abs(rest)}"
    if count == 1:
        return name, text
    return name, f"({text}) // {count}" if count > 0 else f"-({text}) // {-count}"


def _docstring(made: GivenPass) -> Sequence[str]:
    lines = ["The loss and its gradients in one pass; all arrays are of one floating-point type.", "", "Args:"]
    for name in made.parameters:
        rows, columns = made.shapes[name]
        lines.append(f"    {name}: {spelled(rows)} × {spelled(columns)}{_as_array(len(extent_of((rows, columns))))}.")
    lines.append("    out: arrays for the gradients by name, in C order; new ones if not given.")
    if made.functions:
        lines.append(f"    {', '.join(made.functions)}: functions of arrays, entry by entry.")
    lines += ["", "Returns:", f"    The loss, and the gradients by {', '.join(made.asked)}, a dict."]
    if made.assumed:
        lines += ["", f"The gradients hold where {', '.join(made.assumed)}."]
    return lines


def _as_array(axes: int) -> str:
    return {0: ", a number", 1: ", one-dimensional"}.get(axes, "")
