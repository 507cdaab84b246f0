"""Where the values of a program are: which share an array, which are worked out in place, which are parts of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.values import STORED, Kind, Value

WITHOUT_LAST = "[:-1]"


@dataclass(eq=False)
class Room:
    """One array of the workspace, and the values that are in it, one after another."""

    values: list[Value]
    free_after: int


@dataclass
class Storage:
    """What the writer needs to know.

    Attributes:
        places: of a value that is a part of another, or has its place: that one, and the slice.
        rooms: the arrays of the workspace, in the order in which they are first needed.
        stacks: arrays that hold several values as rows one below another, by name.
    """

    places: dict[Value, tuple[Value, str]] = field(default_factory=dict)
    rooms: list[Room] = field(default_factory=list)
    stacks: Mapping[str, Sequence[Value]] = field(default_factory=dict)

    def owner(self, value: Value) -> Value:
        """The value in whose array it is."""
        value = value.root
        while value in self.places:
            value = self.places[value][0].root
        return value

    def same_place(self, value: Value) -> Value:
        """The first value that was exactly where it is."""
        while value in self.places and not self.places[value][1] and self.places[value][0].kind is not Kind.VIEW:
            value = self.places[value][0]
        return value


def allocate(program: Program, stacks: Mapping[str, Sequence[Value]]) -> Storage:
    """Places for all values of a program.

    Args:
        stacks: values with a row of ones, or others that live long, to be held in one array, by its name.
    """
    storage = Storage(stacks=stacks)
    uses = _last_uses(program)
    fixed = {value for values in stacks.values() for value in values}
    _put_in_results(program, storage, uses, fixed)
    ends = _ends(storage, uses)
    _put_in_place(program, storage, ends, fixed)
    _share(program, storage, ends, fixed)
    return storage


def _last_uses(program: Program) -> dict[Value, int]:
    """The place of the last operation that reads a value, itself or a view of it; outputs are read by the caller."""
    uses: dict[Value, int] = {}
    for i, value in enumerate(program.values):
        uses.setdefault(value, i)
        if value.kind is not Kind.VIEW:
            for operand in program.operands(value):
                uses[operand] = i
    for value in program.outputs:
        uses[value.root] = len(program.values)
    return uses


def _put_in_results(program: Program, storage: Storage, uses: dict[Value, int], fixed: set[Value]) -> None:
    """What gets a row of ones below it is worked out above that row, and so is what it is a function of."""
    for i, value in reversed(list(enumerate(program.values))):
        if value.kind is Kind.WITH_UNIT:
            operand = value.values[0]
            if _is_free(operand, storage, fixed):
                storage.places[operand] = (value, WITHOUT_LAST)
        elif value.kind is Kind.UFUNC and (value in storage.places or value in fixed):
            same = [
                o for o in value.values if o.shape == value.shape and uses.get(o) == i and _is_free(o, storage, fixed)
            ]
            if same:
                storage.places[same[0]] = (value, "")


def _ends(storage: Storage, uses: dict[Value, int]) -> dict[Value, int]:
    """The last use of anything that is in the array of a value, by the value whose array it is."""
    ends: dict[Value, int] = {}
    for value, last in uses.items():
        if value.kind is not Kind.VIEW:
            owner = storage.owner(value)
            ends[owner] = max(ends.get(owner, 0), last)
    return ends


def _put_in_place(program: Program, storage: Storage, ends: dict[Value, int], fixed: set[Value]) -> None:
    """An operation entry by entry puts its result where an operand was that nobody reads any more."""
    for i, value in enumerate(program.values):
        if value.kind is not Kind.UFUNC or not _is_free(value, storage, fixed):
            continue
        for operand in value.values:
            owner = storage.owner(operand)
            others = [o for o in value.values if o is not operand and storage.owner(o) is owner]
            is_dead = ends[owner] == i and not others
            if is_dead and operand.shape == value.shape and _may_be_overwritten(operand, owner, fixed):
                storage.places[value] = (operand, "")
                ends[owner] = max(i, ends.pop(value))
                break


def _may_be_overwritten(operand: Value, owner: Value, fixed: set[Value]) -> bool:
    """Whether it lies entry by entry where its owner's numbers are, and these are the workspace's own."""
    aligned = operand.kind is not Kind.VIEW or (operand.text == WITHOUT_LAST and operand.values[0].kind in STORED)
    lasting = owner in fixed or owner.external or owner.kind is Kind.WITH_UNIT
    return aligned and owner.kind in STORED and not lasting


def _is_free(value: Value, storage: Storage, fixed: set[Value]) -> bool:
    """Whether it has an array, and nothing says which."""
    return value.kind in STORED and not value.external and value not in storage.places and value not in fixed


def _share(program: Program, storage: Storage, ends: dict[Value, int], fixed: set[Value]) -> None:
    """Values that are never needed at the same time share an array; those with a row of ones have their own."""
    for i, value in enumerate(program.values):
        if not _is_free(value, storage, fixed):
            continue
        lasting = value.kind is Kind.WITH_UNIT or value in program.outputs
        found = None if lasting else _free_room(storage.rooms, value, i)
        if found is None:
            storage.rooms.append(Room([value], len(program.values) if lasting else ends[value]))
        else:
            found.values.append(value)
            found.free_after = ends[value]


def _free_room(rooms: Sequence[Room], value: Value, now: int) -> Room | None:
    free = [room for room in rooms if room.free_after < now]
    same = [room for room in free if any(other.shape == value.shape for other in room.values)]
    return next(iter([*same, *free]), None)
