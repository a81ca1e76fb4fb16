"""Stories of a command that a server began."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = """
import asyncio, pathlib, sys
from app.web.studies.programs import run_command
asyncio.run(run_command(["check", "study"], pathlib.Path(sys.argv[1]), 300))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a program ends with the one that began it")
def test_a_command_ends_with_the_server_that_began_it(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    reads = tmp_path / "study" / "study.toml"
    os.mkfifo(reads)
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)])
    try:
        end = os.open(reads, os.O_WRONLY)  # waits until the command reads
        server.kill()
        server.wait()
        broken = select.poll()
        broken.register(end, 0)
        assert broken.poll(20_000), "nobody reads any more"
        os.close(end)
    finally:
        server.kill()
        server.wait()
