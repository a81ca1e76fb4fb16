"""Machines of a drill that have a network of their own, as far as one machine has such: network namespaces at a bridge.

For root, in a network namespace that is ours alone already (see `faults.leave_the_network`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.database.embedded import EmbeddedError

NETWORK = "10.77.0"  # the first three numbers of each address there


OWN = 2  # addresses of ours at the bridge: of as many databases beside us


def own_address(nth: int) -> str:
    return f"{NETWORK}.{1 + nth}"


def possible_here() -> bool:
    return bool(shutil.which("ip") and shutil.which("nsenter"))


def cut_off(name: str, cut: bool) -> None:
    """The machine of this name goes on, and nobody reaches it, nor it anybody."""
    _run("ip", "link", "set", f"to-{name}", "down" if cut else "up")


def as_user(uid: int) -> list[str]:
    """What a command begins with, to be run as this user; after what enters a network, which only root may."""
    return ["setpriv", f"--reuid={uid}", "--clear-groups"]


@contextmanager
def bridge() -> Iterator[None]:
    """The network that machines are in, and we with addresses of our own."""
    _run("ip", "link", "add", "drill", "type", "bridge")
    try:
        for nth in range(OWN):
            _run("ip", "address", "add", f"{own_address(nth)}/24", "dev", "drill")
        _run("ip", "link", "set", "drill", "up")
        yield
    finally:
        _run("ip", "link", "delete", "drill")


@contextmanager
def host(name: str, address: str) -> Iterator[list[str]]:
    """A machine of this network, for as long as it is needed: what a command begins with, to run there."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], start_new_session=True)
    within = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
    try:
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{holder.pid}/ns/net") == own:
            time.sleep(0.01)
        _run(
            "ip",
            "link",
            "add",
            f"to-{name}",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            str(holder.pid),
        )
        _run("ip", "link", "set", f"to-{name}", "master", "drill", "up")
        _run(*within, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _run(*within, "ip", "link", "set", device, "up")
        yield within
    finally:
        holder.kill()
        holder.wait()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise EmbeddedError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
