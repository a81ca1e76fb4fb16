"""The guide's own words, tried: its program leads from a study to its data, its command lists the sessions."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from app.config import PROJECT
from tests.house.house import House
from tests.house.programs import token_of
from tests.house.server import Server
from tests.house.studies import TALK, as_files
from tests.house.uploads import zip_of

GUIDE = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
ELSEWHERE = "https://lab.example.org"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_program_of_the_guide_does_what_it_says(
    shared: House,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, sealing, telling, paying = blocks("python")
    (tmp_path / "mine.zip").write_bytes(zip_of(as_files(TALK)))
    (tmp_path / "analysis.R").write_text("t.test(a, b)")
    token_of(shared, "grace")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETWORKLAB_TOKEN", token_of(shared, "gina"))
    known: dict[str, object] = {}
    exec(code.replace(ELSEWHERE, server.base), known)
    exec(sealing, known)
    exec(telling, known)
    with pytest.raises(httpx.HTTPStatusError, match="409 Conflict"):  # it is connected with no recruiter
        exec(paying, known)
    known["lab"].close()  # type: ignore[attr-defined]
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:4]] == ["Ada", "Bob", "Cy", "Di"] and "/join/" in said[0]
    assert "seating begins" in said[4] and "the door is shut" in said[5] and said[6:8] == ["True", "[]"]
    assert (tmp_path / "rounds.csv").read_text().startswith("session,")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_command_of_the_guide_lists_the_sessions(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    [line] = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("curl")]
    environ = os.environ | {"NETWORKLAB_TOKEN": token_of(shared, "gina", "read")}
    line = line.replace(ELSEWHERE, server.base)
    ended = subprocess.run(["bash", "-c", line], env=environ, capture_output=True, text=True, timeout=60)
    assert session.id in [one["session"] for one in json.loads(ended.stdout)["sessions"]], ended
