"""Several hosts of the server, and the HAProxy in front of them that any request goes through, to any of them.

A host is a machine of its own as far as one machine has such (see `hosts`), or processes beside others.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.rehearsal.programs import descendants, programs

END_SECONDS = 30.0
# What docs/scale.md tells an administrator to write.
HAPROXY = """\
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    option http-buffer-request
    option redispatch
    retries 3
    retry-on conn-failure empty-response response-timeout

frontend lab
    bind {bind}
    option forwardfor
    http-error status 503 content-type "text/html; charset=utf-8" hdr Retry-After 2 string \
"<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=2><p>One moment: this page goes on by itself."
    default_backend hosts

backend hosts
    balance leastconn
    option httpchk GET /health/live
    timeout check 2500ms
    default-server inter 1s fall 2 rise 2 on-marked-down shutdown-sessions
"""
RISES = 3.0  # seconds within which a host that answers gets requests again, by `rise` and `inter`


@dataclass(slots=True)
class ServerHost:
    """One `networklab serve`: its parent and all that this has started."""

    name: str
    address: str
    port: int
    command: Sequence[str]  # without where to listen
    environ: Mapping[str, str]
    log: Path
    within: Sequence[str] = ()  # what a command begins with, to run there
    serve: subprocess.Popen[bytes] | None = None
    frozen: list[int] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def is_machine(self) -> bool:
        return bool(self.within)

    def begin(self) -> None:
        where = ["--host", self.address, "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.serve = subprocess.Popen(
                [*self.within, *self.command, *where],
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self) -> None:
        """In order: it answers what it is at."""
        if self.serve:
            self.serve.send_signal(signal.SIGTERM)
            self.serve.wait(END_SECONDS)
            self.serve = None

    def workers(self) -> list[int]:
        """The server processes, without the parent that keeps them alive."""
        own = self.serve.pid if self.serve else None
        return sorted(one.pid for one in programs() if one.parent == own and not one.ended)

    def kill(self) -> None:
        """As a machine that loses power."""
        if self.serve:
            _signal(descendants(self.serve.pid), signal.SIGKILL)
            self.serve.wait()
            self.serve = None

    def freeze(self) -> None:
        if self.serve:
            self.frozen = descendants(self.serve.pid)
            _signal(self.frozen, signal.SIGSTOP)

    def thaw(self) -> None:
        _signal(self.frozen, signal.SIGCONT)
        self.frozen = []


def haproxy_here() -> str | None:
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


def haproxy_settings(bind: str, addresses: Sequence[str]) -> str:
    servers = (f"    server host{nth} {where} check\n" for nth, where in enumerate(addresses, 1))
    return HAPROXY.format(bind=bind) + "".join(servers)


@contextmanager
def in_front(home: Path, port: int, addresses: Sequence[str]) -> Iterator[int]:
    """HAProxy on this port of ours, for as long as it is needed; its process."""
    settings, haproxy = home / "haproxy.cfg", haproxy_here()
    assert haproxy
    settings.write_text(haproxy_settings(f"127.0.0.1:{port}", addresses))
    with (home / "haproxy.log").open("wb") as log:
        proxy = subprocess.Popen(
            [haproxy, "-db", "-f", settings], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield proxy.pid
    finally:
        proxy.kill()
        proxy.wait()


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
