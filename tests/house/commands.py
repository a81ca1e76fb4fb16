"""Commands in processes of their own that need not import everything first: forks of one process that has."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import app.rehearsal.troupe  # noqa: F401 - before what is set here, which its bots are forks of too
from app.__main__ import COMMANDS, main

_forks = multiprocessing.get_context("forkserver")
# And this module, which brings pytest along, and what commands import late: many times what a short command takes.
_forks.set_forkserver_preload(
    [f"app.commands.{name}" for name in COMMANDS if name != "serve-process"]
    + ["app.__main__", "httpx", "networkx", "openpyxl", "zxcvbn", __name__]
)
PATIENCE = 120.0  # seconds


def run(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """What `python -m app` with these arguments says and returns, started in `folder`."""
    with tempfile.TemporaryDirectory() as name:
        streams = [Path(name, stream) for stream in ("stdin", "stdout", "stderr")]
        for path in streams:
            path.write_text(typed if path is streams[0] else "", encoding="utf-8")
        process = _forks.Process(target=_run, args=[list(arguments), folder, dict(environ), streams])
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), PATIENCE)
        # Whoever starts another one in another thread looks after all, and two who read how one ended get nonsense.
        ended = Path(name, "code")
        code = int(ended.read_text()) if ended.exists() else process.exitcode
        process.close()
        _, out, errors = (path.read_text(encoding="utf-8") for path in streams)
        return subprocess.CompletedProcess(list(arguments), code, out, errors)


def _run(arguments: list[str], folder: Path, environ: dict[str, str], streams: list[Path]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - until the process ends
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    try:
        code = main(arguments)
    except SystemExit as ended:  # of `--help`, and of what can't be read
        code = ended.code if isinstance(ended.code, int) else 2
    sys.stdout.flush()
    streams[0].with_name("code").write_text(str(code))
    sys.exit(code)
