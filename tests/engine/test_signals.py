"""What is declared once: value classes."""

import copy
import pickle
from dataclasses import replace

import pytest

from twin_tui.engine.signals import value


@value
class Span:
    begin_s: float
    end_s: float = 1.0


@value
class Stay:
    begin_s: float
    end_s: float = 1.0


@value
class Named:
    name: str

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.name.lower() == other.name.lower()

    def __hash__(self) -> int:
        return hash(self.name.lower())


@value
class Nothing:
    pass


def test_values_are_compared_by_class_and_fields() -> None:
    assert Span(0.0) == Span(0.0, 1.0) != Span(0.0, 2.0)
    assert Span(0.0) != Stay(0.0)
    assert Span(0.0) != (0.0, 1.0)
    assert Nothing() == Nothing() != Span(0.0)


def test_a_value_with_a_number_that_is_none_equals_itself() -> None:
    nan = float("nan")
    assert Span(nan) == Span(nan)


def test_equal_values_are_one_key() -> None:
    assert len({Span(0.0), Span(0.0, 1.0), Stay(0.0), Nothing(), Nothing()}) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(Span([]))  # type: ignore[arg-type]


def test_a_value_reads_as_its_constructor_is_called() -> None:
    assert repr(Span(2.0, float("inf"))) == "Span(begin_s=2.0, end_s=inf)"
    assert repr(Nothing()) == "Nothing()"


def test_a_value_class_keeps_its_own_text_and_comparison() -> None:
    assert repr(Named("grid")) == "grid"
    assert {Named("grid"), Named("GRID")} == {Named("Grid")}


def test_copies_of_a_value_equal_it() -> None:
    span = Span(1.0, 2.0)
    assert copy.deepcopy(span) == pickle.loads(pickle.dumps(span)) == replace(span) == span
    assert replace(span, end_s=3.0) == Span(1.0, 3.0)
    assert not hasattr(span, "__dict__")
