"""Every register that a named open client touches is answered, and accepts what the client writes."""

from benchmarks.map_coverage import touched

NOT_WRITTEN = {("pysungrow 1.1.0", "holding 4999")}
"""The clock, which is the site's."""


def test_every_register_that_a_client_touches_is_answered_and_accepts_a_write() -> None:
    found = list(touched())
    assert len({each.client for each in found if each.map == "huawei_sun2000"}) == 2
    assert len({each.client for each in found if each.map == "sungrow_sh"}) == 4
    assert len(found) == 425
    assert [each for each in found if each.answered is False] == []
    refused = {(each.client, each.place) for each in found if each.written is False}
    assert refused == NOT_WRITTEN
