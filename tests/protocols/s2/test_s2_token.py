"""The token that a resource sends its energy manager."""

from pathlib import Path
from typing import Any

import pytest
from s2_cem import Cem

from twin_tui import Twin


def site(*protocols: dict[str, Any], **links: Any) -> dict[str, Any]:
    assets = [{"type": "battery", "name": "bess", "protocols": list(protocols)}]
    return {"assets": assets, "real_time": False, "links": links}


@pytest.mark.parametrize("where", ["entry", "links", "environment"])
async def test_s2_reads_its_token_from_a_file_or_the_environment(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "token")
    Path(path).write_text("hush\n", encoding="utf-8")  # noqa: ASYNC240 - nothing runs yet
    async with Cem(token="hush") as cem:
        data = {
            "entry": site({"kind": "s2", "cem": cem.url, "token_file": path}),
            "links": site(s2={"cem": cem.url, "token_file": path}),
            "environment": site({"kind": "s2", "cem": cem.url}),
        }[where]
        if where == "environment":
            monkeypatch.setenv("TWIN_S2_TOKEN", "hush")
        async with Twin.from_dict(data):
            await cem.expect("Handshake")
