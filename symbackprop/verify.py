"""What every judge says of every step of a derivation."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import accumulate, chain, groupby
from multiprocessing import get_all_start_methods, get_context

from symbackprop.derivation import Derivation, Step
from symbackprop.expr import Expr, Named
from symbackprop.forward import ForwardNetwork
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported, Undecided
from symbackprop.progress import Progress, silent
from symbackprop.statements import Chain
from symbackprop.topic import Topic
from symbackprop.tree import parts

JUDGES = ("kernel", "exact", "numeric")
# topics for each process, of which one may be far longer than the others
ENOUGH = 4


@dataclass(frozen=True)
class Judged:
    """One step with the outcome of each judge, by the judge's name.

    Attributes:
        number: of the step, counted from 1 through all derivations of a topic.
        place: of the step in its own derivation, from 1.
    """

    derivation: Derivation
    number: int
    step: Step
    outcomes: dict[str, Outcome]
    place: int = 0

    @property
    def as_expected(self) -> bool:
        """Whether one judge proves it or finds support for it, and none refutes it; a false line, whether one does."""
        found = tuple(self.outcomes.values())
        if not self.step.is_true:
            return any(isinstance(o, Refuted) for o in found)
        return any(isinstance(o, Proved | Supported) for o in found) and not any(isinstance(o, Refuted) for o in found)


@dataclass(frozen=True)
class Report:
    """What the judges say of the steps of some derivations."""

    steps: tuple[Judged, ...]

    @property
    def as_expected(self) -> bool:
        """Whether every step is, and there is one."""
        return bool(self.steps) and all(judged.as_expected for judged in self.steps)

    def outcomes(self) -> dict[int, dict[str, Outcome]]:
        """The outcomes by the number of the step, for a report of one derivation."""
        return {judged.number: judged.outcomes for judged in self.steps}

    def table(self, width: int = 100) -> str:
        """The report as a table, a step a row, a judge a column; below it the reasons for what is not plain."""
        return "\n".join([*_rows(self.steps), *_notes(self.steps, width)])

    __str__ = table


def claim_of(step: Step, derivation: Derivation) -> Claim:
    """The claim that a step makes: the line before it, related to the line after.

    Of what is assumed, only the equations count that are about a variable in the claim, or in another such equation.
    """
    if isinstance(derivation.network, ForwardNetwork):
        # a gradient depends on all variables of the network, also on those that it does not name
        return Claim(step.before, step.relation, step.after, derivation.network, step.known, derivation.given)
    named: frozenset[str] = _named(step.before) | _named(step.after)
    given: tuple[Chain, ...] = ()
    while (wider := _about(named, derivation.given)) != given:
        given = wider
        named = named.union(*(_named(*chain.sides) for chain in given))
    return Claim(step.before, step.relation, step.after, derivation.network.about(named), step.known, given)


def _about(names: frozenset[str], assumed: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """The equations that have one of these variables, or none but the lecture's."""
    found = ((chain, _named(*chain.sides)) for chain in assumed)
    return tuple(chain for chain, own in found if not own or own & names)


def _named(*sides: Expr) -> frozenset[str]:
    """Names of the variables in expressions that are not the lecture's."""
    return frozenset(part.name for side in sides for part in parts(side) if isinstance(part, Named))


def judged(step: Step, derivation: Derivation, effort: str = "full") -> dict[str, Outcome]:
    """What each judge says of one step.

    Args:
        effort: "full" or "brief", as `verify` takes it.

    Raises:
        SymbackpropError: for another effort.
    """
    from symbackprop.judges import exact, kernel, moments, numeric
    from symbackprop.judges.settings import effort_of

    claim, tried = claim_of(step, derivation), effort_of(effort)
    if moments.is_about(claim):
        # what is assumed of a variance is about no variable of its own
        claim = replace(claim, given=derivation.given)
        values = {"exact": moments.exact(claim, tried), "numeric": moments.numeric(claim, tried)}
        return {"kernel": kernel.judge(step, derivation), **values}
    field = exact.judge(claim, tried)
    return {
        "kernel": kernel.judge(step, derivation),
        "exact": _both(field, claim) if tried.entrywise else field,
        "numeric": numeric.judge(claim, tried),
    }


def _both(field: Outcome, claim: Claim) -> Outcome:
    """The exact judge's two methods as one: a refutation by either counts, support by both is said."""
    if isinstance(field, Refuted):
        return field
    # SymPy is imported only where it is asked
    from symbackprop.judges import entrywise

    other = entrywise.judge(claim)
    match field, other:
        case _, Refuted():
            return other
        case Supported(samples, method, bound), Supported(more, second, _):
            return Supported(samples + more, f"{method}; {second}", bound)
        case Undecided(), Supported():
            return other
    return field


def verify(*made: Derivation | Topic, progress: Progress = silent, effort: str = "full", workers: int = 1) -> Report:
    """A report of what each judge says of each step.

    Args:
        made: derivations and topics.
        progress: called with the number of steps that are judged, and of all.
        effort: "full", or "brief" for the least depth that makes sense and the third, or the one after it (of
            Quantities, one list of sizes), at one point each, without SymPy's derivatives entry by entry; the outcomes
            say so. The kernel does all it does in either case.
        workers: processes that judge; more than one where processes can be forked.

    Raises:
        SymbackpropError: for another effort.
    """
    steps: list[Judged] = []
    with judging(*made, progress=progress, effort=effort, workers=workers) as outcomes:
        for each in made:
            first = len(steps) + 1
            for derivation in _derivations(each):
                steps += [
                    Judged(derivation, len(steps) + i - first + 1, step, outcomes[len(steps) + i], i)
                    for i, step in enumerate(derivation.steps, 1)
                ]
    return Report(tuple(steps))


@contextmanager
def judging(
    *made: Derivation | Topic, progress: Progress = silent, effort: str = "full", workers: int = 1
) -> Iterator[Coming]:
    """What each judge says of each step, while they are at it: within the block whoever asks for an outcome waits.

    Args: as `verify` takes them.

    Raises:
        SymbackpropError: for another effort, where an outcome is asked for.
    """
    derivations = [derivation for each in made for derivation in _derivations(each)]
    with _at_work(derivations, effort, workers) as found:
        yield Coming(derivations, found, progress)


def _derivations(made: Derivation | Topic) -> tuple[Derivation, ...]:
    return made.derivations if isinstance(made, Topic) else (made,)


class Coming(Mapping[int, Mapping[str, Outcome]]):
    """Outcomes by the number of the step, counted from 1 through all derivations; each is waited for.

    Args:
        derivations: whose steps are judged.
        found: the outcomes of the steps of each by its place, in the order in which they come.
        progress: called with the number of steps that are judged, and of all.
    """

    def __init__(
        self, derivations: list[Derivation], found: Iterator[tuple[int, list[dict[str, Outcome]]]], progress: Progress
    ) -> None:
        self._found = found
        self._progress = progress
        self._outcomes: dict[int, dict[str, Outcome]] = {}
        self._first = list(accumulate((len(derivation.steps) for derivation in derivations), initial=1))

    def __getitem__(self, number: int) -> dict[str, Outcome]:
        if number not in range(1, len(self) + 1):
            raise KeyError(number)
        while number not in self._outcomes:
            place, outcomes = next(self._found)
            self._outcomes.update(enumerate(outcomes, self._first[place]))
            self._progress(len(self._outcomes), len(self))
        return self._outcomes[number]

    def __len__(self) -> int:
        return self._first[-1] - 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self) + 1))


@contextmanager
def _at_work(
    derivations: list[Derivation], effort: str, workers: int
) -> Iterator[Iterator[tuple[int, list[dict[str, Outcome]]]]]:
    """The outcomes of the steps of each derivation by its place; other processes are at it already."""
    if workers < 2 or len(derivations) < 2 or "fork" not in get_all_start_methods():
        yield ((i, [judged(step, each, effort) for step in each.steps]) for i, each in enumerate(derivations))
        return
    # loaded once, for all of them
    for judge in ("exact", "kernel", "moments", "numeric"):
        import_module(f"symbackprop.judges.{judge}")
    # rules are functions and cannot be sent: a forked process has them
    with get_context("fork").Pool(workers, _take, (derivations, effort)) as pool:
        # in the order in which they are printed, so that who prints them need not wait for the last
        yield chain.from_iterable(pool.imap_unordered(_judge_all, _shared_out(derivations, workers)))


def _shared_out(derivations: list[Derivation], workers: int) -> list[list[int]]:
    """The places of the derivations that one process judges at a stretch.

    Those of a topic, of which much is found once, where there are topics enough for all processes to be at work; those
    of the last one by one, so that no process is idle while another has much left.
    """
    topics = [[place for place, _ in run] for _, run in groupby(enumerate(derivations), lambda each: each[1].name)]
    if len(topics) < ENOUGH * workers:
        return [[place] for place in range(len(derivations))]
    return [*topics[:-1], *([place] for place in topics[-1])]


# in a forked process: what it judges
_taken: tuple[list[Derivation], str] = ([], "")


def _take(derivations: list[Derivation], effort: str) -> None:
    global _taken
    _taken = derivations, effort
    # trees have no cycles, and the process ends soon: looking for garbage is a tenth of its time
    gc.disable()


def _judge_all(places: list[int]) -> list[tuple[int, list[dict[str, Outcome]]]]:
    derivations, effort = _taken
    taken = ((place, derivations[place]) for place in places)
    return [(place, [judged(step, each, effort) for step in each.steps]) for place, each in taken]


def _rows(steps: tuple[Judged, ...]) -> list[str]:
    named = max([len("derivation"), *(len(s.derivation.name) for s in steps)])
    ruled = max([len("rule"), *(len(s.step.rule.name) for s in steps)])
    lines = [f"{'derivation':{named}}  step  {'rule':{ruled}}  {'kernel':9}  {'exact':9}  {'numeric':9}"]
    lines.append("─" * len(lines[0]))
    for s in steps:
        words = "  ".join(f"{s.outcomes[judge].word:9}" for judge in JUDGES)
        lines.append(f"{s.derivation.name:{named}}  {s.number:4}  {s.step.rule.name:{ruled}}  {words}".rstrip())
    good = sum(s.as_expected for s in steps)
    lines.append(f"{good} of {len(steps)} steps as expected")
    return lines


def _notes(steps: tuple[Judged, ...], width: int) -> list[str]:
    from textwrap import wrap

    lines = []
    for s in steps:
        for judge, outcome in s.outcomes.items():
            if isinstance(outcome, Refuted | Undecided):
                text = f"{s.derivation.name}, step {s.number}, {judge}: {outcome.word}: {outcome.detail}"
                lines += wrap(text, width, subsequent_indent="  ")
    return lines
