"""Without its optional packages the twin says which extra to install."""

import subprocess
import sys

import pytest

from twin_tui import Twin
from twin_tui.errors import LinkError
from twin_tui.protocols.eos.live import EosFollower
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.rest.server import RestServer
from twin_tui.protocols.s2.manager import ResourceManager

SITE = {"name": "x", "assets": [{"type": "battery", "name": "battery"}]}


@pytest.mark.parametrize(
    ("packages", "extra"),
    [
        (("websockets.asyncio", "websockets"), "s2"),
        (("httpx",), "rest"),
        (("uvicorn",), "rest"),
    ],
)
def test_a_missing_package_is_one_sentence_with_its_extra(
    packages: tuple[str, ...], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Twin.from_dict(SITE).engine
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)
    make = {
        "websockets.asyncio": lambda: ResourceManager(engine, "battery", "ws://127.0.0.1/"),
        "httpx": lambda: EosFollower(engine, "http://127.0.0.1"),
        "uvicorn": lambda: RestServer(engine, RestOptions(port=0)),
    }[packages[0]]
    with pytest.raises(LinkError, match=rf"twin-tui\[{extra}\]"):
        make()


def test_a_site_without_them_loads_none_of_them() -> None:
    heavy = ("websockets", "httpx", "fastapi", "uvicorn", "serial", "twin_tui.protocols.s2.manager")
    code = (
        "import sys; from twin_tui import Twin; "
        "twin = Twin.from_dict({'name': 'x', 'assets': [{'type': 'battery', 'port': 0}]}); "
        "twin.advance(1); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
