"""The command line. Everything but argparse is imported where it is used, so that `--help` is quick.

Exit: 0 done or correct, 1 a step is not as expected or an answer incorrect, 2 wrong usage, 3 an answer undecided,
4 unreadable.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from contextlib import contextmanager, nullcontext
from itertools import pairwise

from symbackprop import __version__
from symbackprop.errors import SymbackpropError

# importing typing would be a tenth of the time that --help takes
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

    from symbackprop.derivation import Derivation
    from symbackprop.equations import Network
    from symbackprop.network import MLP
    from symbackprop.notations import Notation
    from symbackprop.topic import Topic
    from symbackprop.verify import Coming, Judged

# packages that are imported by another name
PACKAGES = {"flint": "python-flint"}
# to be read in --help without importing anything: the names of the data files in `notations`
COURSES = ("nielsen", "bishop", "goodfellow", "ng", "cs224n", "cs231n", "d2l", "prince")
DONE, UNEXPECTED, USAGE, UNDECIDED, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130
VERDICTS = {"correct": DONE, "incorrect": UNEXPECTED, "undecided": UNDECIDED, "unreadable": UNREADABLE}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, **options: Any) -> None:
        # a width that is given keeps argparse from importing shutil to ask the terminal for one
        options.setdefault("formatter_class", lambda prog: argparse.HelpFormatter(prog, width=98))
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}; {self.prog} --help says what to write\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    # read when NumPy is loaded: for matrices as small as ours, threads wait for each other longer than they work
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    # trees have no cycles: to look for garbage as often as Python does would be a tenth of a long run
    gc.set_threshold(200_000, 50, 50)
    options = _parser().parse_args(_with_minus(sys.argv[1:] if argv is None else argv))
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except SymbackpropError as error:
        print(f"symbackprop: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("symbackprop: interrupted, nothing was left behind", file=sys.stderr)
        return INTERRUPTED
    except ModuleNotFoundError as error:
        package = PACKAGES.get(error.name or "", error.name)
        print(f"symbackprop: the package {package} is not installed: pip install {package}", file=sys.stderr)
        return USAGE
    except UnicodeEncodeError as error:
        why = f"{error.encoding} cannot show U+{ord(error.object[error.start]):04X}"
        print(f"symbackprop: {why}: set PYTHONIOENCODING=utf-8, or write a file with -o", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # whoever read the output has enough; closing standard output here keeps Python from complaining at exit
        sys.stderr.close()
        return DONE


def _with_minus(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments of `check` with an answer, or what is asked, that begins with a minus as no option."""
    if list(arguments[:1]) != ["check"] or "--" in arguments:
        return arguments
    answers, others = list[str](), [arguments[0]]
    for before, each in pairwise(arguments):
        has_minus = each.startswith("-") and not each.startswith("--") and each not in ("-", "-h")
        if has_minus and before.startswith("--") and "=" not in before and not "--json".startswith(before):
            others[-1] += f"={each}"
        else:
            (answers if has_minus else others).append(each)
    return [*others, "--", *answers] if answers else others


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="symbackprop",
        description="Backpropagation written out, proved and checked.",
        epilog="symbackprop derive weight_gradient -o derivation.pdf",
    )
    parser.add_argument("--version", action="version", version=f"symbackprop {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    listing = commands.add_parser("list", help="the names of the derivations, one a line")
    listing.set_defaults(run=_list)

    derive = commands.add_parser("derive", help="a derivation or topic, step by step, in the terminal or in files")
    derive.add_argument(
        "what", metavar="NAME|FILE.py", nargs="?", help="a name from `symbackprop list`, or a derivation file"
    )
    derive.add_argument("--wrt", metavar="LATEX|all", help="instead of a name: the gradient that is asked for, or all")
    derive.add_argument("--given", metavar="FILE.toml", help="a network of your own: its forward equations")
    _add_outputs(derive, ".tex .typ .pdf .md .json .py")
    _add_network_options(derive)
    derive.add_argument("--style", help="jacobian (D_l W_lᵀ), or hadamard (g'(z) ⊙ …), as for a network of your own")
    derive.add_argument("--layout", default="denominator", help="denominator (gradients are columns) or numerator")
    _add_notation_options(derive)
    derive.add_argument("--engine", default="typst", help="what makes a .pdf: typst or latex")
    derive.add_argument("--slides", action="store_true", help="make slides instead of pages: .pdf or .typ")
    derive.add_argument("--subproofs", action="store_true", help="show base case and step of an induction")
    derive.set_defaults(run=_derive)

    lecture = commands.add_parser("lecture", help="the lecture's formula lines")
    lecture.add_argument("--json", action="store_true", help='{"formula id": "LaTeX"}')
    lecture.set_defaults(run=_lecture)

    plot = commands.add_parser("plot", help="a figure of the lecture, as a picture or as numbers")
    plot.add_argument("name", metavar="NAME", help="such as activations; a wrong name lists them all")
    _add_outputs(plot, ".svg .png .pdf .csv")
    plot.set_defaults(run=_plot)

    verify = commands.add_parser("verify", help="every step by every judge")
    verify.add_argument("names", metavar="NAME", nargs="*", help="derivations; all of them, if none is named")
    verify.add_argument("--json", action="store_true", help="the steps with their outcomes as JSON")
    _add_network_options(verify)
    verify.set_defaults(run=_verify)

    check = commands.add_parser("check", help="the verdict on an answer in LaTeX, line by line")
    check.add_argument("answer", metavar="ANSWER|-", help="LaTeX, or - for standard input")
    check.add_argument("--ask", metavar="LATEX", required=True, help=r"such as '\frac{\partial L}{\partial W_1}'")
    check.add_argument("--given", metavar="FILE.toml", help="a network of your own: its forward equations")
    check.add_argument("--json", action="store_true", help="the verdict as JSON")
    _add_network_options(check)
    _add_notation_options(check)
    check.set_defaults(run=_check)

    lint = commands.add_parser("lint", help="every equation of a LaTeX document, judged against its network")
    lint.add_argument("file", metavar="FILE.tex", help="it is read, and never run")
    lint.add_argument("--given", metavar="FILE.toml", help="a network of your own: its forward equations")
    _add_network_options(lint)
    _add_notation_options(lint)
    lint.set_defaults(run=_lint)

    grade = commands.add_parser("grade", help="the verdicts on the answers of a class, with points and a report")
    grade.add_argument(
        "submissions", metavar="SUBMISSIONS", help="a .jsonl, a .csv, or a folder of <student>/<question>.tex"
    )
    grade.add_argument("--assignment", metavar="FILE.toml", required=True, help="the questions and their points")
    grade.add_argument("-o", dest="folder", metavar="FOLDER", required=True, help="where everything is written")
    grade.add_argument("--workers", metavar="N", help="how many processes judge; one for each core, if not given")
    grade.set_defaults(run=_grade)
    return parser


def _add_notation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--notation", help=f"whose letters: lecture, {', '.join(COURSES)}")
    parser.add_argument(
        "--data", help="examples as columns (W x + b) or as rows (x W + b); the notation's, if not given"
    )


def _add_outputs(parser: argparse.ArgumentParser, suffixes: str) -> None:
    told = f"write a file instead; the suffix chooses the format: {suffixes}; may be repeated"
    parser.add_argument("-o", dest="outputs", metavar="FILE", action="append", default=[], help=told)


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the network")
    group.add_argument("--depth", metavar="N|L", help="number of hidden layers; the symbol L, if not given")
    group.add_argument("--widths", metavar="N,N,…", help="n_0 … n_(L+1), bias units counted")
    group.add_argument("--activation", default="g", help="a name such as tanh, or a letter for a generic function")
    group.add_argument("--loss", default="generic", help="a name such as squared_error, or generic")
    group.add_argument("--bias", help="augmented (a unit that is 1), separate or none; the notation's, if not given")
    group.add_argument("--normalization", metavar="S", help="of every hidden layer: layer, rms, …; none, if not given")
    group.add_argument("--groups", metavar="N", help="groups of units in each hidden layer, for --normalization group")


def _network(options: argparse.Namespace, bias: str = "augmented") -> MLP:
    """The network that is asked for; with biases as the notation has them where nothing is said."""
    from symbackprop.network import MLP

    return MLP(
        depth=_depth(options.depth),
        widths=_widths(options.widths),
        activation=options.activation,
        loss=options.loss,
        bias=options.bias or bias,
        normalization=None if options.normalization == "none" else options.normalization,
        groups=_groups(options.groups),
    )


def _groups(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        raise SymbackpropError(f"groups {text!r} is not a whole number: write --groups 2") from None


def _depth(text: str | None) -> int | None:
    if text is None or text == "L":
        return None
    try:
        return int(text)
    except ValueError:
        raise SymbackpropError(f"depth {text!r} is neither a number nor L: write --depth 3 or --depth L") from None


def _widths(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise SymbackpropError(f"widths {text!r} are not numbers with commas: write --widths 4,5,5,3") from None


def _list(options: argparse.Namespace) -> int:
    from symbackprop.library import names

    print("\n".join(names()))
    return DONE


def _derive(options: argparse.Namespace) -> int:
    from symbackprop.figures.ahead import drawn_ahead

    if options.slides and not options.outputs:
        raise SymbackpropError("slides are a file: write -o slides.pdf with --slides")
    what = _asked(options)
    # first of all, so that the other process draws while this one is still being loaded
    with drawn_ahead(_figures(options)):
        from symbackprop.library import derive
        from symbackprop.render.files import Options, check_outputs, save_all
        from symbackprop.render.plain import plain

        check_outputs(options.outputs, options.engine, options.slides)
        network, letters = _network_and_letters(options)
        made = derive(what, network, style=options.style, layout=options.layout)
        if not options.outputs:
            print(plain(made, notation=letters, subproofs=options.subproofs))
            return DONE
        with _verdicts(made) if options.what == "lecture" else nullcontext() as report:
            look = Options(letters, options.engine, options.subproofs, report, options.slides)
            save_all(made, options.outputs, look)
    for output in options.outputs:
        print(f"wrote {output}", file=sys.stderr)
    return DONE


def _asked(options: argparse.Namespace) -> str:
    """What is to be derived: a name, a file, or a gradient.

    Raises:
        SymbackpropError: for neither a name nor a gradient, or for both.
    """
    if (options.what is None) == (options.wrt is None):
        raise SymbackpropError(
            "say what to derive: a name from `symbackprop list`, "
            r"or --wrt '\frac{\partial L}{\partial W_1}', or --wrt all"
        )
    what: str = options.wrt if options.what is None else options.what
    return what


def _network_and_letters(options: argparse.Namespace) -> tuple[Network, Notation]:
    """The network that is asked for, and the notation, with examples as columns or rows as is said."""
    from symbackprop.notations import notation

    if options.given is not None:
        from symbackprop.given_file import read_given

        network = read_given(options.given, options.notation, options.data)
        return network, notation(options.notation or network.notation)
    found = notation(options.notation or "lecture")
    found = found if options.data is None else found.with_data(options.data)
    return _network(options, found.bias), found


def _figures(options: argparse.Namespace) -> Sequence[str]:
    """The figures that another process draws meanwhile: all of them for the lecture, which has them as vectors."""
    from symbackprop.figures import names

    suffixes = {output[output.rfind(".") :].lower() for output in options.outputs}
    is_drawn = options.what == "lecture" and options.engine == "typst" and not suffixes.isdisjoint({".pdf", ".typ"})
    return names() if is_drawn else ()


@contextmanager
def _verdicts(made: Derivation | Topic) -> Iterator[Coming]:
    """What the judges say of each step of the lecture, with little effort, as its document is to be quick.

    They are at work while it is laid out.
    """
    from symbackprop.progress import Bar
    from symbackprop.verify import judging

    with Bar("judging") as bar, judging(made, progress=bar, effort="brief", workers=os.cpu_count() or 1) as outcomes:
        yield outcomes


def _plot(options: argparse.Namespace) -> int:
    from symbackprop.figures import save
    from symbackprop.progress import Bar

    with Bar(f"figure {options.name}") as bar:
        made = save(options.name, options.outputs, progress=bar)
    if not options.outputs:
        print(made.table.text())
    for output in options.outputs:
        print(f"wrote {output}", file=sys.stderr)
    return DONE


def _lecture(options: argparse.Namespace) -> int:
    import json

    from symbackprop.lecture import lecture_latex

    lines = lecture_latex()
    if options.json:
        print(json.dumps(lines, ensure_ascii=False, indent=1))
    else:
        width = max(map(len, lines))
        print("\n".join(f"{name:{width}}  {line}" for name, line in lines.items()))
    return DONE


def _check(options: argparse.Namespace) -> int:
    from symbackprop.answers.judging import judge
    from symbackprop.answers.question import Question

    network, letters = _network_and_letters(options)
    question = Question(options.ask, network, notation=letters if options.given is None else None)
    answer = sys.stdin.read() if options.answer == "-" else options.answer
    verdict = judge(question, answer)
    if options.json:
        import json

        print(json.dumps(verdict.as_json(), ensure_ascii=False, indent=1))
    else:
        from symbackprop.answers.shown import shown

        print(shown(verdict, question, answer))
    return VERDICTS[verdict.verdict]


def _lint(options: argparse.Namespace) -> int:
    from symbackprop.answers.command import lint_file

    network, letters = _network_and_letters(options)
    return lint_file(options.file, network, letters if options.given is None else None, bool(options.given))


def _grade(options: argparse.Namespace) -> int:
    from symbackprop.grading.command import run

    return run(options)


def _verify(options: argparse.Namespace) -> int:
    from symbackprop.library import names
    from symbackprop.progress import Bar
    from symbackprop.verify import Report, verify

    network = _network(options)
    every = [name for name in names() if name != "lecture" and (name != "bias" or network.bias != "none")]
    wanted = options.names or every
    judged: list[Judged] = []
    for made in _derivations(wanted, network):
        # a line for each, as a log has no bar
        print(f"{made.name}: {len(made.steps)} steps", file=sys.stderr)
        with Bar("judging") as bar:
            judged += verify(made, progress=bar, workers=os.cpu_count() or 1).steps
    report = Report(tuple(judged))
    if options.json:
        import json

        from symbackprop.render.data import report_rows

        print(json.dumps(report_rows(report), ensure_ascii=False, indent=1))
    else:
        print(report.table())
    return DONE if report.as_expected else UNEXPECTED


def _derivations(wanted: Sequence[str], network: MLP) -> list[Derivation | Topic]:
    from symbackprop.library import derive

    return [derive(name, network) for name in wanted]
