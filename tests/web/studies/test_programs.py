"""Stories of a command that a server began."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = """
import asyncio, pathlib, sys
from app.web.studies.programs import run_command
print(asyncio.run(run_command(["sessions"], pathlib.Path(sys.argv[1]), 300, environ=dict(DATABASE_URL=sys.argv[2]))))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a program ends with the one that began it")
def test_a_command_ends_with_the_server_that_began_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none?connect_timeout=100"
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path), url])
        try:
            asked, _ = silent.accept()
            with asked:
                asked.settimeout(3)
                server.kill()
                while asked.recv(4096):
                    pass  # until nobody asks any more
        finally:
            server.kill()
            server.wait()
