"""Commands in processes of their own that need not import everything first: forks of one process that has."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkProcess, ForkServerProcess
from pathlib import Path
from typing import Any

from app.__main__ import COMMANDS, main
from app.rehearsal.troupe import Troupe  # before what is set here, which its bots are forks of too
from app.web.access import passwords
from app.web.processes import Child, Processes
from tests.house.cheap import HASHER

_forks = multiprocessing.get_context("forkserver")
# And this module, which brings pytest along, and what commands import late: many times what a short command takes.
_forks.set_forkserver_preload(
    [f"app.commands.{name}" for name in COMMANDS if name != "serve-process"]
    + ["app.__main__", "app.web.server", "httpx", "networkx", "openpyxl", "zxcvbn", __name__]
    + ["anyio._backends._asyncio", "anyio.streams.memory", "uvicorn.lifespan.on"]  # as a server starts
    + ["tests.house.frozen"]  # last
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


def serve(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> Forked:
    """A server whose processes are forks too, each of what is imported already: a fifth of what a start takes."""
    streams = [Path(os.devnull), log, log]
    process = _forks.Process(target=_serve, args=[list(arguments), Path.cwd(), dict(environ), streams])
    process.start()
    return Forked(process)


class Forked:
    """A process that another one forks, as `subprocess.Popen` has its own."""

    def __init__(self, process: ForkServerProcess) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        self.process.join(seconds)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(["serve"], seconds or 0)
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _ForkedChild(Child):
    """A server process that is forked by its parent, with nothing open but what it is handed."""

    @staticmethod
    def begin(
        arguments: Sequence[str], descriptors: Sequence[int], environ: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return _Fork(arguments, descriptors, environ)


class _Fork(subprocess.Popen[bytes]):
    """A fork of this process where a program would be started."""

    def __init__(
        self, arguments: Sequence[str], descriptors: Sequence[int], environ: Mapping[str, str]
    ) -> None:
        self._arguments, self._descriptors, self._environ = arguments, descriptors, environ
        super().__init__(["serve-process"])

    def _execute_child(self, *_: object) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            _be_server_process(self._arguments, self._descriptors, self._environ)
        self._child_created = True


def _be_server_process(
    arguments: Sequence[str], descriptors: Sequence[int], environ: Mapping[str, str]
) -> None:
    code = 1
    try:
        os.setsid()
        _let_go(descriptors)
        os.environ.update(environ)
        code = main(list(arguments))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


class _Bots(ForkProcess):
    """A process of a troupe that its command forks, with nothing open but its pipe."""

    def __init__(self, *, target: Callable[..., None], args: tuple[Any, Pipe], daemon: bool) -> None:
        super().__init__(target=target, args=args, daemon=daemon)
        self._pipe = args[1]

    def run(self) -> None:
        _let_go([self._pipe.fileno()])
        super().run()


def _let_go(kept: Sequence[int]) -> None:
    """Of what is open where this process was forked, and of what is done there at a signal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.set_wakeup_fd(-1)
    for opened in [int(name) for name in os.listdir("/dev/fd")]:
        if opened > 2 and opened not in kept:
            with suppress(OSError):  # the folder's own
                os.close(opened)


def _serve(arguments: list[str], folder: Path, environ: dict[str, str], streams: list[Path]) -> None:
    _become(folder, environ, streams)
    code = main(arguments)
    sys.stdout.flush()
    sys.exit(code)


def _run(arguments: list[str], folder: Path, environ: dict[str, str], streams: list[Path]) -> None:
    _become(folder, environ, streams)
    try:
        code = main(arguments)
    except SystemExit as ended:  # of `--help`, and of what can't be read
        code = ended.code if isinstance(ended.code, int) else 2
    sys.stdout.flush()
    streams[0].with_name("code").write_text(str(code))
    sys.exit(code)


def _become(folder: Path, environ: Mapping[str, str], streams: Sequence[Path]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    Processes.child, Troupe.process = _ForkedChild, _Bots
    passwords.hasher = HASHER
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - until the process ends
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
