"""A world of one's own for a drill, as far as root may have one: a network, and a small disk."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

CLONE_NEWNS, CLONE_NEWNET = 0x0002_0000, 0x4000_0000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x4_0000, 2
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
ANSWERS = 5000  # milliseconds in which a Postgres whose disk is full answers, or never does
DISK = 3 * 2**30  # bytes of the small disk that can be filled up


def leave_the_network() -> bool:
    """A network namespace with a loopback of its own, for root on Linux where `nft` is there."""
    if not shutil.which("nft") or not _unshare(CLONE_NEWNET):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    return True


@contextmanager
def small_disk(folder: Path, size: int = DISK) -> Iterator[bool]:
    """A disk of so many bytes in this folder, that only this process and its children see; False if not possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    there = (
        _unshare(CLONE_NEWNS)
        and libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        and libc.mount(b"drill", bytes(folder), b"tmpfs", 0, f"size={size},mode=755".encode()) == 0
    )
    try:
        yield there
    finally:
        if there:
            libc.umount2(bytes(folder), MNT_DETACH)


def fill_up(ballast: Path) -> None:
    """Until nothing is free on the disk that this file is on, also where somebody else writes to it meanwhile: what
    was free a moment ago can't be had then, and half of it is asked for. Again it takes what has become free since.
    """
    share = 1
    with ballast.open("ab") as file:
        while (free := shutil.disk_usage(ballast.parent).free) >= share:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free // share)
            except OSError:
                share *= 2


def switch_logs(url: str) -> None:
    """A Postgres has files of its log in stock; after this it needs new ones. One that never answers is left."""
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"set statement_timeout = {ANSWERS}".encode())
        for _ in range(30):
            conn.execute(b"select pg_logical_emit_message(false, 'drill', 'x'), pg_switch_wal()")


def _unshare(what: int) -> bool:
    """Only root on Linux may have a world of its own."""
    if os.geteuid() != 0 or not hasattr(ctypes.CDLL(None), "unshare"):
        return False
    done: int = ctypes.CDLL(None, use_errno=True).unshare(what)
    return done == 0
