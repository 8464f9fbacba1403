"""Rules of a map: commands derived from several registers, such as "mode 2, command 0xAA, 3000 W"."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from twin_tui.documents.model import Complaints, join
from twin_tui.engine.device import AnyDeviceType, registry
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.maps.file import CaseFile, ReferenceFile, RuleFile, to_exact
from twin_tui.protocols.maps.model import OWN, Reference, Register, Rule, RuleCase
from twin_tui.protocols.maps.resolve import SENSES, numeric_parameters
from twin_tui.protocols.maps.units import conversion
from twin_tui.protocols.maps.wire import Encoding


def read_rules(
    rules: Sequence[RuleFile],
    kind: str,
    roles: Mapping[str, str],
    registers: Sequence[Register],
    complaints: Complaints,
) -> tuple[Rule, ...]:
    """Return the rules under ``commands``, reporting their errors."""
    by_name = {register.name: register for register in registers}
    found: list[Rule] = []
    for index, rule in enumerate(rules):
        place, role = join("commands", index), rule.device or OWN
        if role and role not in roles:
            complaints.add(join(place, "device"), f"unknown device {role!r}{did_you_mean(role, roles)}")
            continue
        reader = _CaseReader(registry[roles[role] if role else kind], by_name, complaints)
        cases = tuple(reader.read(case, join(place, "cases", at)) for at, case in enumerate(rule.cases))
        names = {name for case in cases for name in case.when}
        names |= {v.register for case in cases for v in case.values.values() if isinstance(v, Reference)}
        found.append(Rule(role, cases, frozenset(names)))
    return tuple(found)


class _CaseReader:
    """Reads the cases of one rule."""

    def __init__(
        self, device_type: AnyDeviceType, by_name: Mapping[str, Register], complaints: Complaints
    ) -> None:
        self._type = device_type
        self._by_name = by_name
        self._complaints = complaints

    def read(self, case: CaseFile, place: str) -> RuleCase:
        """Return one case."""
        for name in case.when:
            self._register(name, join(place, "when", name))
        known = [signal.name for signal in self._type.signals.values() if signal.command]
        values: dict[str, float | Reference] = {}
        for name, given in case.set.items():
            where = join(place, "set", name)
            if name not in known:
                text = f"a {self._type.kind} has no command {name!r}{did_you_mean(name, known)}"
                self._complaints.add(where, text)
                continue
            value = self._value(given, where, self._type.signals[name].unit)
            if value is not None:
                values[name] = value
        lasts = None
        if case.lasts is not None:
            lasts = self._value(case.lasts, join(place, "lasts"), "s")
        for name in case.then:
            register = self._register(name, join(place, "then", name))
            if register is None:
                continue
            if not register.stored:
                self._complaints.add(join(place, "then", name), f"expected a stored register, found {name}")
            elif not register.layout.low <= case.then[name] <= register.layout.high:
                low, high = register.layout.low, register.layout.high
                text = f"expected {low:.0f} to {high:.0f}, found {case.then[name]}"
                self._complaints.add(join(place, "then", name), text)
        if (lasts is None and case.until is None) is not (not case.then):
            self._complaints.add(place, "expected then together with lasts or until")
        return RuleCase(case.when, values, case.mode, lasts, self._until(case, place), case.then)

    def _until(self, case: CaseFile, place: str) -> tuple[str, Reference] | None:
        if case.until is None:
            return None
        place, signal = join(place, "until"), self._type.signals.get(case.until.signal)
        if signal is None or signal.type is str:
            known = [each.name for each in self._type.signals.values() if each.type is not str]
            hint = did_you_mean(case.until.signal, known)
            self._complaints.add(join(place, "signal"), f"unknown signal {case.until.signal!r}{hint}")
            return None
        file = ReferenceFile(register=case.until.register_name)
        reference = self._reference(file, place, signal.unit)
        return None if reference is None else (signal.name, reference)

    def _value(self, given: Any, place: str, unit: str) -> float | Reference | None:
        if isinstance(given, dict):
            reference = self._complaints.checked(ReferenceFile, given, place)
            return None if reference is None else self._reference(reference, place, unit)
        try:
            return float(to_exact(given))
        except ValueError as error:
            self._complaints.add(place, str(error))
            return None

    def _reference(self, reference: ReferenceFile, place: str, unit: str) -> Reference | None:
        register = self._register(reference.name, join(place, "register"))
        if register is None:
            return None
        if register.layout.type.encoding is Encoding.TEXT:
            self._complaints.add(
                join(place, "register"), f"expected a register with a number, found {register.name}"
            )
            return None
        sign = 1 if reference.sense is None else SENSES[reference.sense]
        of_param = False
        if reference.of is not None:
            parameters = numeric_parameters(self._type.params)
            of_param = reference.of not in self._type.signals
            if of_param and reference.of not in parameters:
                hint = did_you_mean(reference.of, [*self._type.signals, *parameters])
                self._complaints.add(join(place, "of"), f"unknown signal {reference.of!r}{hint}")
                return None
            unit = "1"
        try:
            factor, shift = conversion(register.unit, unit)
        except ConfigError as error:
            self._complaints.add(join(place, "register"), f"{register.name}: unit: {error}")
            return None
        quantum: Fraction = register.scale * factor * sign
        shift = (register.offset * factor + shift) * sign
        return Reference(register.name, quantum, shift, reference.of or "", of_param)

    def _register(self, name: str, place: str) -> Register | None:
        register = self._by_name.get(name)
        if register is None:
            self._complaints.add(place, f"unknown register {name!r}{did_you_mean(name, self._by_name)}")
        return register
