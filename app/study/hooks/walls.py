"""Walls around the process in which a study's hooks run: what the kernel keeps it from, whatever its Python does.

child.py puts them up once, before hooks.py is read, and one more in each fork, which is one room's turn. Each holds by
itself, so that a system that lacks one still has the others; what could be put up is told by name.

Sources: seccomp(2), landlock(7), capabilities(7), user_namespaces(7), and the tables of system calls of the kernel.
"""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import stat
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

CALLS, FILES, USER, COUNT = "system calls", "files", "a user of its own", "processes counted"
# What Python reads as it imports; nothing else can be opened.
READABLE = tuple(
    dict.fromkeys(
        os.path.realpath(path)
        for path in (
            *(path for path in sys.path if path and os.path.exists(path)),
            *(os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")),
            *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store"),
            *("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"),
        )
        if path and os.path.exists(path)
    )
)
FIRST_USER = 2_000_000_000  # and the process's number: in no list of users, in no range that is handed out
MOST_PROCESSES = 8  # of one hooks.py: itself, the call, and what is just ending
MOST_OPEN = 64  # descriptors
LONGEST_TURN = 60  # seconds of a processor: no transaction waits as long
SPARE = 64_000_000  # bytes of memory beyond a call's, to tell that it needed more
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 22, 38
CLONE_NEWUSER = 0x10000000
READ_SEARCH = 1 << 2  # the capability to read what is another user's

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Number on x86_64 and on aarch64 (None: has no such call) of what Python needs to think, to import and to answer.
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "readv": (19, 65),
    "writev": (20, 66),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "mincore": (27, 232),
    "membarrier": (324, 283),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getrandom": (318, 278),
    "dup": (32, 23),
    "arch_prctl": (158, None),
    "set_tid_address": (218, 96),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "rseq": (334, 293),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# … if an argument (which, the bits of it that count) is one of these: nothing is opened to be written, no signal is
# had sent by a descriptor, no other process's limits are set.
ALLOWED_WITH: dict[str, tuple[tuple[int | None, int | None], int, int, tuple[int, ...]]] = {
    "open": ((2, None), 1, os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND, (0,)),
    "openat": ((257, 56), 2, os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND, (0,)),
    "fcntl": ((72, 25), 1, 0xFFFFFFFF, (0, 1, 2, 3, 1030)),  # duplicate, its flags
    "ioctl": (
        (16, 29),
        1,
        0xFFFFFFFF,
        (0x5401, 0x5413, 0x5450, 0x5451),
    ),  # is it a terminal, how wide; close on exec
    "prlimit64": ((302, 261), 0, 0xFFFFFFFF, (0,)),
}
# What the process besides needs to fork for each turn, and nothing else of these: a copy of itself, not a namespace.
FORK = 0x01200011
ALLOWED_OUTSIDE: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "wait4": (61, 260),
    "pipe": (22, None),
    "pipe2": (293, 59),
}
ALLOWED_OUTSIDE_WITH: dict[str, tuple[tuple[int | None, int | None], int, int, tuple[int, ...]]] = {
    "clone": ((56, 220), 0, 0xFFFFFFFF, (FORK,)),
    "prctl": ((157, 167), 0, 0xFFFFFFFF, (PR_SET_PDEATHSIG, PR_SET_SECCOMP)),
}
NEWER = {"clone3": 435, "openat2": 437}  # "there is no such call" has the C library use the older one
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
EPERM, ENOSYS = 1, 38


def missing_walls(names: Sequence[str]) -> list[str]:
    """Of those that this process could have had, by what they keep; a user of one's own is had by root alone."""
    return [name for name in (CALLS, FILES, *([USER] if os.geteuid() == 0 else [])) if name not in names]


class Walls:
    """Those around this process. `names` of what holds; `around_turn` is put up in each fork."""

    def __init__(self, memory: int, seconds: float) -> None:
        """For turns that may need so many bytes, of calls of so many seconds. Nothing can be taken down again."""
        self.seconds, self.filter, self.names = seconds, None, list[str]()
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, 0)
        _limit(resource.RLIMIT_NOFILE, MOST_OPEN)
        _limit(resource.RLIMIT_AS, memory + SPARE)
        self.kernel = _Kernel.here()
        if self.kernel is None:
            return
        inside, outside = _filters()
        self.filter = self.kernel.keep(inside) if inside else None
        self.kernel.prctl(PR_SET_NO_NEW_PRIVS, 1)
        files = self.kernel.read_only(READABLE)
        user = _change_user(self.kernel, may_read_all=files and self.filter is not None)
        counted = user or self.kernel.unshare(CLONE_NEWUSER) == 0
        if counted:
            _limit(resource.RLIMIT_NPROC, MOST_PROCESSES)
        self.kernel.prctl(PR_SET_DUMPABLE, 0)
        calls = outside is not None and self.kernel.filter_calls(self.kernel.keep(outside))
        if not calls:
            self.filter = None
        held = {CALLS: calls, FILES: files, USER: user, COUNT: counted}
        self.names = [name for name, holds in held.items() if holds]

    def around_turn(self) -> None:
        """In a fork: it forks no further, burns no more than a turn's time, and ends with who waits for it."""
        _limit(resource.RLIMIT_NPROC, 0)
        _limit(resource.RLIMIT_CPU, int(self.seconds) + LONGEST_TURN)
        if self.kernel is not None:
            self.kernel.prctl(PR_SET_PDEATHSIG, 9)
            if self.filter is not None:
                self.kernel.filter_calls(self.filter)


class _Kernel:
    """Linux, asked without anything that Python has not at hand."""

    def __init__(self, ctypes: Any) -> None:
        self.ctypes, library = ctypes, ctypes.CDLL(None, use_errno=True)
        self._prctl, self.unshare, self._capset = library.prctl, library.unshare, library.capset
        self._call, self.kept = library.syscall, list[Any]()
        self._prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]

    @classmethod
    def here(cls) -> _Kernel | None:
        if sys.platform != "linux":
            return None
        try:
            import ctypes

            return cls(ctypes)
        except (ImportError, OSError, AttributeError):
            return None

    def prctl(self, option: int, value: int, more: int = 0) -> bool:
        return bool(self._prctl(option, value, more, 0, 0) == 0)

    def keep(self, program: bytes) -> int:
        """The address of a filter as seccomp takes it: the number of its instructions, and where they are."""
        held = self.ctypes.create_string_buffer(program, len(program))
        head = struct.pack("@HP", len(program) // 8, self.ctypes.addressof(held))
        self.kept += [held, self.ctypes.create_string_buffer(head, len(head))]
        return int(self.ctypes.addressof(self.kept[-1]))

    def filter_calls(self, address: int) -> bool:
        return self.prctl(PR_SET_SECCOMP, 2, address)

    def keep_capabilities(self, kept: int) -> bool:
        head = self.ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0))
        return bool(
            self._capset(head, self.ctypes.create_string_buffer(struct.pack("=6I", kept, kept, *[0] * 4)))
            == 0
        )

    def read_only(self, paths: Sequence[str]) -> bool:
        """By Landlock: only these and what is below them can be read, nothing written; no TCP, no signals outwards."""
        version = self._call(444, None, self.ctypes.c_size_t(0), 1)
        if version < 1:
            return False
        # As many rights as it knows
        files = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
        rules = struct.pack("=QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
        ruleset = self._call(444, self.ctypes.create_string_buffer(rules, 24), self.ctypes.c_size_t(24), 0)
        if ruleset < 0:
            return False
        for path in paths:
            self._add(ruleset, path)
        held = self._call(446, ruleset, 0) == 0
        os.close(ruleset)
        return bool(held)

    def _add(self, ruleset: int, path: str) -> None:
        read_file, read_folder = 1 << 2, 1 << 3
        with contextlib.suppress(OSError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            access = read_file | (read_folder if stat.S_ISDIR(os.fstat(place).st_mode) else 0)
            rule = self.ctypes.create_string_buffer(struct.pack("=Qi", access, place), 12)
            self._call(445, ruleset, 1, rule, 0)
            os.close(place)


def _change_user(kernel: _Kernel, may_read_all: bool) -> bool:
    """From root to a user that owns nothing, and whom no other process belongs to. Whether that came about.

    Where Python itself lies in a folder that is root's alone, the right to read goes along if other walls hold it to
    Python's library (`may_read_all`); else this stays root, without root's powers.
    """
    if os.geteuid() != 0:
        kernel.keep_capabilities(0)
        return False
    needs_all = not all(
        _is_open_to_all(Path(path)) for path in READABLE if path in map(os.path.realpath, sys.path)
    )
    changed = False
    if may_read_all or not needs_all:
        kernel.prctl(PR_SET_KEEPCAPS, 1)
        number = FIRST_USER + os.getpid()
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)
            changed = True
    kernel.keep_capabilities(READ_SEARCH if changed and needs_all else 0)
    return changed


def _is_open_to_all(path: Path) -> bool:
    return all(
        one.stat().st_mode & stat.S_IXOTH for one in (path if path.is_dir() else path.parent, *path.parents)
    )


def _limit(what: int, most: int) -> None:
    """What a process may have more of it may not raise again."""
    _, before = resource.getrlimit(what)
    most = most if before == resource.RLIM_INFINITY else min(most, before)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (most, most))


def _filters() -> tuple[bytes | None, bytes | None]:
    """For a turn, and for the process that forks for it; None where this machine's calls are not in the tables."""
    machine = platform.machine()
    if machine not in ARCHITECTURES or sys.byteorder != "little" or struct.calcsize("P") != 8:
        return None, None
    column = list(ARCHITECTURES).index(machine)
    named = [{**ALLOWED}, {**ALLOWED, **ALLOWED_OUTSIDE}]
    withal = [{**ALLOWED_WITH}, {**ALLOWED_WITH, **ALLOWED_OUTSIDE_WITH}]
    inside, outside = (
        _program(
            ARCHITECTURES[machine],
            [numbers[column] for numbers in plain.values()],
            [(numbers[column], *rest) for numbers, *rest in bound.values()],
        )
        for plain, bound in zip(named, withal, strict=True)
    )
    return inside, outside


def _program(architecture: int, plain: Sequence[int | None], bound: Sequence[Any]) -> bytes:
    """In the kernel's language of filters: 8 bytes an instruction, which looks at the call's number and arguments."""

    def lines() -> Iterator[tuple[int, int, int, int]]:
        load, equal, less, give = 0x20, 0x15, 0x54, 0x06
        yield load, 0, 0, 4
        yield equal, 1, 0, architecture
        yield give, 0, 0, KILL
        yield load, 0, 0, 0
        for number in plain:
            if number is not None:
                yield equal, 0, 1, number
                yield give, 0, 0, ALLOW
        for number, argument, mask, values in bound:
            if number is not None:
                yield equal, 0, 3 + 2 * len(values), number
                yield load, 0, 0, 16 + 8 * argument
                yield less, 0, 0, mask
                for value in values:
                    yield equal, 0, 1, value
                    yield give, 0, 0, ALLOW
                yield give, 0, 0, REFUSE | EPERM
        for number in NEWER.values():
            yield equal, 0, 1, number
            yield give, 0, 0, REFUSE | ENOSYS
        yield give, 0, 0, REFUSE | EPERM

    return b"".join(struct.pack("=HBBI", *line) for line in lines())
