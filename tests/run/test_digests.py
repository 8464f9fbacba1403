"""The same site, seed and events give the same bytes on every Python: golden digests of five sites.

`python -m benchmarks.digests` remakes the golden file. It may be remade when physics, noise or signals were
changed on purpose, by the commit that changes them and says so; never because a Python, a library or a
machine gives other values: that is the defect which this test is there to find.
"""

import json
import math
import platform
from typing import Any

import pytest

from benchmarks.digests import GOLDEN, RUNS, course, digests, libm
from twin_tui import Twin
from twin_tui.run.recording import line

EXPECTED: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
GLIBC = platform.system() == "Linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"


def test_this_libm_is_the_one_of_the_digests() -> None:
    if not GLIBC:
        pytest.skip("exp, pow, sin and others may end in another last bit in this C library")
    assert libm() == EXPECTED["libm"]


@pytest.mark.parametrize("site", RUNS)
def test_a_run_is_the_same_to_the_last_bit_on_every_python(site: str) -> None:
    if not GLIBC and libm() != EXPECTED["libm"]:
        pytest.skip("the C library of this machine rounds exp, pow, sin or others otherwise")
    seen = course(site)
    assert digests(seen) == EXPECTED["sites"][site]
    *shown, _log = seen
    for device in Twin.from_file(site).engine.devices:
        assert len({line(each[device]) for each in shown}) > 20, f"{device} does nothing to digest"


def test_a_digest_sees_the_last_bit_of_one_value() -> None:
    value = 5.0 / 3.0
    before = digests([{"a": {"power_w": value}, "b": {"power_w": value}}])
    after = digests([{"a": {"power_w": math.nextafter(value, 2.0)}, "b": {"power_w": value}}])
    assert before["a"] != after["a"]
    assert before["b"] == after["b"]
