"""The file that a pass through an MLP is written to: its workspace, its pass, and the function that people call."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.activations import scalar_function
from symbackprop.numeric.code import Code
from symbackprop.numeric.module import HELPERS
from symbackprop.numeric.straight.mlp import Pass
from symbackprop.numeric.straight.writer import INDENT

# the least number of examples in a tile, and of bytes in one of its layers, below which tiles were slower than all
# examples at once; and the widest layer of a network that is worked through in tiles: to add up the gradients of a
# wider one costs more than it saves
TILE, LAYER, WIDEST = 2**10, 2**20, 128
# how many workspaces are kept for sizes that may come again
KEPT = 8

OUTER = '''\
def outer(u):
    """`u vᵀ`, summed over examples, as a function of v and the array for it; wide, of one example, entry by entry."""
    return partial(np.multiply, u) if u.shape[-1] == 1 and len(u) > 128 else u.dot
'''
CALL = '''\
def {called}({arguments}, out=None{keywords}):
    """{doc}
    """
{prepared}    return once({arguments}, out, x.shape[1]{passed})
'''
ONCE = '''\
def once({given}{functions}):
    """One pass, in arrays that no other one is working in."""
{pass_}'''
# in a function that has what the sizes are read off: one pass
PASS = """\
    waiting = ready({of})
    try:
        run = waiting.pop()
    except IndexError:
        run = workspace({of})
    result = run({given}{passed})
    waiting.append(run)
    return result
"""
READY = '''\
# passes that nobody is in, each with arrays of its own, by the sizes that they are for
idle = {{}}


def ready({of}):
    """The passes for these sizes that nobody is in."""
    sizes = {sizes}
    try:
        return idle[sizes]
    except KeyError:
        if len(idle) >= {kept}:
            idle.clear()
        return idle.setdefault(sizes, [])
'''
TILES = """\
    tiles = x.shape[1] // tile(W)
    if tiles > 1:
        return in_tiles({arguments}, out, tiles{passed})
"""
IN_TILES = '''\
def tile(W):
    """How many examples are worked through at a time, so that many take no more memory than some."""
    widest = max(map(len, W))
    if widest > {widest}:
        return {many}
    return max({tile}, {layer} // (widest * W[0].itemsize))


def in_tiles({arguments}, out, tiles{keywords_only}):
    """The same for many examples, some at a time."""
    count = x.shape[1]
    ends = np.linspace(0, count, tiles + 1).astype(int)
    total, _ = once({first}, out, count{passed})
    spare = {spare}
    for start, end in zip(ends[1:-1], ends[2:]):
        total = total + once({later}, spare, count{passed})[0]
        {add}
    return total, out


def some(x, start, end):
    """Some of the examples, without gaps: a product with the transpose of what has gaps takes twice as long."""
    part = x[:, start:end]
    return part if part.flags.forc else part.copy()
'''


def file_of(made: Pass, title: str, doc: Sequence[str], functions: Sequence[str]) -> str:
    """The source of a file with `gradients(W, x, y, out=None)`, or `(W, b, x, y)` where biases stand apart.

    Args:
        title: what the file is, in words; doc: the lines of the docstring of `gradients`.
        functions: names of what the caller gives because it is generic.
    """
    separate = made.network.bias == "separate"
    arguments = ", ".join(["W", *(["b"] if separate else []), "x", made.target])
    passed = "".join(f", {name}" for name in functions)
    call = CALL.format(
        called=made.called,
        arguments=arguments,
        keywords=f", *{passed}" if functions else "",
        passed=_by_keyword(functions),
        doc=indented(doc),
        prepared=_prepared(made, arguments, passed),
    )
    tiles = [] if _is_whole(made) else [_in_tiles(arguments, passed, separate)]
    space = workspace(made.last, made.arrays, f"{arguments}, out, count{passed}", _run(made))
    given = f"{arguments}, out, count"
    return joined(title, [*definitions(made.code, made.lines), OUTER, space, call, *tiles, once(given, functions)])


def indented(doc: Sequence[str]) -> str:
    """The lines of a docstring, as they stand in a function."""
    return "\n".join(INDENT * bool(line and i) + line for i, line in enumerate(doc))


def joined(title: str, blocks: Sequence[str]) -> str:
    """A file of these definitions."""
    partial = "from functools import partial\n\n" if OUTER in blocks else ""
    head = f'"""{title}"""\n\n{partial}import numpy as np\n'
    return head + "".join(f"\n\n{block.strip(chr(10))}\n" for block in blocks)


def once(given: str, functions: Sequence[str]) -> str:
    """The functions `once`, which finds a workspace for a pass and takes these arguments, and `ready`."""
    pass_ = PASS.format(of="W, x", given=given, passed=_by_keyword(functions))
    called = ONCE.format(given=given, functions="".join(f", {name}" for name in functions), pass_=pass_)
    return f"{called}\n\n{ready('W, x', 'x.dtype, x.shape, *[w.shape for w in W]')}"


def ready(of: str, sizes: str) -> str:
    """The function `ready`, which keeps workspaces by their sizes; `of` is what these are read off."""
    return READY.format(of=of, sizes=sizes, kept=KEPT)


def _by_keyword(functions: Sequence[str]) -> str:
    return "".join(f", {name}={name}" for name in functions)


def _is_whole(made: Pass) -> bool:
    """Whether it is not added up tile by tile: it has a part for each example, or there is one."""
    wanted = made.wanted
    return wanted.factored or wanted.inputs or wanted.each or wanted.single


def _prepared(made: Pass, arguments: str, passed: str) -> str:
    """New arrays where none are given; many examples in tiles, where what is asked for is added up over them."""
    weights, biases = "[np.empty(w.shape, w.dtype) for w in W]", "[np.empty(v.shape, v.dtype) for v in b]"
    separate = made.network.bias == "separate"
    new = [*([] if made.wanted.factored else [weights]), *([biases] if separate else [])]
    lines = f"    if out is None:\n        out = {', '.join(new)}\n" if new else ""
    if _is_whole(made):
        return lines
    return lines + TILES.format(arguments=arguments, passed=passed)


def _in_tiles(arguments: str, passed: str, separate: bool) -> str:
    first = arguments.replace("x, y", "some(x, 0, ends[1]), y[:, : ends[1]]")
    later = arguments.replace("x, y", "some(x, start, end), y[:, start:end]")
    if separate:
        spare = "[np.empty_like(array) for array in out[0]], [np.empty_like(array) for array in out[1]]"
        pairs = "zip([*out[0], *out[1]], [*spare[0], *spare[1]])"
    else:
        spare, pairs = "[np.empty_like(array) for array in out]", "zip(out, spare)"
    add = f"for array, more in {pairs}:\n            np.add(array, more, array)"
    return IN_TILES.format(
        arguments=arguments,
        passed=passed,
        keywords_only=passed,
        tile=TILE,
        layer=LAYER,
        widest=WIDEST,
        many=2**31,
        first=first,
        later=later,
        spare=spare,
        add=add,
    )


def definitions(code: Code, written: Sequence[str]) -> list[str]:
    """What lines use and NumPy does not have."""
    text = "\n".join(written)
    names = {name for name, _ in code.functions}
    preambles = [scalar_function(name).preamble for name in sorted(names) if scalar_function(name).preamble]
    helpers = [HELPERS[name] for name in sorted(code.helpers) if f"{name}(" in text]
    return [*dict.fromkeys(preambles), *helpers]


def workspace(last: int, arrays: Sequence[str], given: str, run: Sequence[str]) -> str:
    """The function that makes the arrays and, within it, the pass.

    Args:
        last: the number of the last weight; given: the arguments of the pass; run: its lines.
    """
    lines = [
        "def workspace(W, x):",
        '    """The pass over arrays of these sizes, with the arrays that it works in."""',
        "    (n0, N), kind = x.shape, x.dtype",
        f"    {', '.join(f'n{l}' for l in range(1, last + 2))} = map(len, W)",
        *(f"    {line}" for line in arrays),
        "",
        f"    def run({given}):",
        *(f"        {line}" for line in run),
    ]
    return "\n".join([*lines, "", "    return run"])


def _run(made: Pass) -> list[str]:
    """The lines of the pass, the lists that it is given taken apart first."""
    last, separate = made.last, made.network.bias == "separate"
    outs = [] if made.wanted.factored else ["out" if not separate else "out_W"]
    lines = [unpacked("W", last), *([unpacked("b", last)] if separate else [])]
    if separate and outs:
        lines.append("out_W, out_b = out")
    for name in outs:
        lines.append(f"{names('out', last)} = {name}")
    if separate:
        source = "out_b" if outs else "out"
        lines.append(f"{names('out_b', last)} = {source}")
    return [*lines, *made.lines, *made.results]


def unpacked(family: str, last: int) -> str:
    """`W0, W1 = W`."""
    return f"{names(family, last)} = {family}"


def names(family: str, last: int) -> str:
    """`W0, W1`."""
    return ", ".join(f"{family}{l}" for l in range(last + 1))
