"""The log of a connection: each change of its state, and a count where it keeps changing."""

from twin_tui.engine.engine import Engine
from twin_tui.engine.site import SitePlan
from twin_tui.protocols.connector import FLAPPING_S, LISTED_OF_A_STATE, StateLog


def logged(engine: Engine) -> list[str]:
    return [entry.text for entry in engine.log]


def test_a_peer_that_drops_the_connection_every_second_is_one_line_a_minute() -> None:
    engine = Engine(SitePlan("x", (), dt_s=1.0))
    log = StateLog(engine, "bess", "s2 cem")
    for _ in range(300):
        log("connected")
        log("closed")
        engine.step()
    lines = logged(engine)
    assert lines[: 2 * LISTED_OF_A_STATE] == ["connected", "closed"] * LISTED_OF_A_STATE
    assert lines[2 * LISTED_OF_A_STATE] == "114 more changes of the connection, the last: closed"
    assert lines[2 * LISTED_OF_A_STATE + 1 :] == [
        "120 more changes of the connection, the last: closed"
    ] * round(300 / FLAPPING_S - 1)


def test_the_state_in_which_it_settles_is_logged() -> None:
    engine = Engine(SitePlan("x", (), dt_s=1.0))
    log = StateLog(engine, "bess", "s2 cem")
    for _ in range(10):
        log("closed")
        log("connected")
        engine.step()
    engine.advance(2 * FLAPPING_S)
    assert logged(engine)[-1].endswith("more changes of the connection, the last: connected")
    log("closed")
    assert logged(engine)[-1] == "closed"


def test_changes_of_a_steady_connection_are_all_logged() -> None:
    engine = Engine(SitePlan("x", (), dt_s=1.0))
    log = StateLog(engine, "bess", "s2 cem")
    for _ in range(20):
        log("closed")
        log("connected")
        engine.advance(3 * FLAPPING_S)
    assert logged(engine) == ["closed", "connected"] * 20


def test_the_end_of_a_connection_tells_what_is_held() -> None:
    engine = Engine(SitePlan("x", (), dt_s=1.0))
    log = StateLog(engine, "bess", "s2 cem")
    for _ in range(10):
        log("closed")
        log("connected")
    log.settle()
    assert logged(engine)[-1] == "14 more changes of the connection, the last: connected"
