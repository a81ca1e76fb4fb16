"""Stories of data that a program takes: what an export has, table by table, and the verdict on it."""

from __future__ import annotations

import io
import zipfile

from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.programs import program
from tests.house.server import Server


def test_each_table_alone_is_the_one_in_the_export(shared: House, server: Server) -> None:
    session = shared.open()
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    shared.act("close", session)
    here = f"/sessions/{session.id}"
    with program(shared, server, "dora") as client:
        answer = client.get(f"{here}/export.zip")
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
            tables = {name: zipped.read(name) for name in zipped.namelist() if name.endswith(".csv")}
        assert len(tables) > 15 and tables["players.csv"].count(b"\r\n") == 5
        for name, content in tables.items():
            if not name.startswith(("study/", "labelled/")):
                assert client.get(f"{here}/files/{name}").content == content, name
        unknown = client.get(f"{here}/files/manifest.json")
        assert unknown.status_code == 404 and "rounds.csv" in unknown.json()["detail"]
        hidden = client.get(f"{here}/export.zip", params={"anonymous": True, "without_text": True})
        with zipfile.ZipFile(io.BytesIO(hidden.content)) as zipped:
            assert not any(label.encode() in zipped.read("players.csv") for label in session.tokens)
        verdict = client.get(f"{here}/verify").json()
    assert verdict["ok"] and len(verdict["checks"]) > 30 and verdict["records"]["stored"] == 0
    taken = shared.sql(
        "select data->>'file' from security_event where what = 'exported' and account = 'dora' and session_id = %s",
        session.id,
    )
    assert ("rounds.csv",) in taken and ("export",) in taken
