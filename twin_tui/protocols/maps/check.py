"""Checks between the entries of a map, and of ranges against their types."""

from collections.abc import Sequence

from twin_tui.documents.model import Complaints
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.wire import Encoding
from twin_tui.protocols.modbus.memory import Table


def check_map(registers: Sequence[Register], complaints: Complaints) -> list[str]:
    """Report entries that contradict each other or their types; return the warnings."""
    warnings: list[str] = []
    _check_names(registers, complaints)
    _check_overlaps(registers, complaints)
    for register in registers:
        try:
            warnings += _check_range(register)
            _check_fit(register)
            _check_codes(register)
        except ConfigError as error:
            complaints.take(error)
    return warnings


def _check_names(registers: Sequence[Register], complaints: Complaints) -> None:
    seen: dict[tuple[Table, str], Register] = {}
    for register in registers:
        other = seen.setdefault((register.table, register.name), register)
        if other is not register:
            text = f"duplicate name {register.name!r}; already used by {_at(other)}"
            complaints.take(ConfigError(f"{register.place}: {text}"))


def _check_overlaps(registers: Sequence[Register], complaints: Complaints) -> None:
    by_place = sorted(registers, key=lambda r: (r.table.value, r.address, r.end))
    taken: list[Register] = []
    for register in by_place:
        taken = [other for other in taken if other.table is register.table and other.end > register.address]
        if taken and (len(taken) > 1 or not shares_memory(taken[0], register)):
            names = " and ".join(f"{other.name} at {_extent(other)}" for other in taken)
            where = f"{register.table.value} {_extent(register)}"
            complaints.take(ConfigError(f"{register.place}: {where} overlaps {names}"))
        taken.append(register)


def shares_memory(first: Register, second: Register) -> bool:
    """Return whether two entries are the reading and the writing side of the same registers."""
    same = first.table is second.table and (first.address, first.count) == (second.address, second.count)
    return same and first.writable is not second.writable


def _extent(register: Register) -> str:
    last = register.end - 1
    return str(register.address) if last == register.address else f"{register.address}–{last}"


def _at(register: Register) -> str:
    return f"{register.table.value} {_extent(register)}"


def _check_range(register: Register) -> list[str]:
    signal, layout = register.signal, register.layout
    plain = signal is not None and layout.type.encoding in {Encoding.INTEGER, Encoding.DIGITS}
    part = register.codes is not None or register.modulo or register.quotient or register.per
    if not plain or part or register.writable:
        return []
    assert signal is not None
    ends = []
    for end in (signal.low, signal.high):
        if end is not None:
            ends.append(float(end - float(register.shift)) / float(register.quantum))
    bounded = signal.low is not None and signal.high is not None
    if bounded and signal.unit == "1" and max(ends) > layout.high + 0.5:
        raise ConfigError(
            f"{register.place}: maximum {signal.high:g} of {signal.name} is {max(ends):.0f} in the register, "
            f"above the {layout.type.name} maximum of {layout.high:.0f}; check scale"
        )
    limit = None
    if ends and min(ends) < layout.low - 0.5 and not register.magnitude:
        limit = layout.low
    elif bounded and max(ends) > layout.high + 0.5:
        limit = layout.high
    if limit is None:
        return []  # the place is not made into text, for which the file would be read again
    can = f"can exceed the range of {layout.type.name} and is limited to {limit:.0f}"
    return [f"{register.place}: {signal.name} {can}"]


def _check_fit(register: Register) -> None:
    layout, encoding = register.layout, register.layout.type.encoding
    if encoding in {Encoding.INTEGER, Encoding.DIGITS}:
        for code in (*(register.codes or ()), *(register.states or ())):
            if not layout.low <= code <= layout.high:
                raise ConfigError(
                    f"{register.place}: code {code} does not fit {layout.type.name}; "
                    f"expected {layout.low:.0f} to {layout.high:.0f}"
                )
    most = 0 if encoding is Encoding.BIT else 8 * layout.size - 1
    for bit in register.bits or ():
        if not 0 <= bit <= most:
            raise ConfigError(f"{register.place}: bits: found {bit}; expected 0 to {most}")


def _check_codes(register: Register) -> None:
    signal = register.signal
    if register.codes is None or signal is None or signal.options is None:
        return
    served = set(register.codes.values())
    for code, text in signal.options.items():
        if code not in served and not register.writable:
            raise ConfigError(
                f"{register.place}: codes: missing code for {code} ({text}) of {signal.name}; "
                f"known: {', '.join(f'{k} = {v}' for k, v in signal.options.items())}"
            )
    for raw, ours in register.codes.items():
        if ours not in signal.options:
            raise ConfigError(
                f"{register.place}: codes: {raw}: invalid value {ours} of {signal.name}; "
                f"known: {', '.join(f'{k} = {v}' for k, v in signal.options.items())}"
            )
