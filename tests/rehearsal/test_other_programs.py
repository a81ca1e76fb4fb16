"""Stories of who had the processors: what a drill takes itself is not what others took."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.rehearsal.other_programs import OtherPrograms, taken
from app.rehearsal.programs import Program

pytestmark = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="Linux counts it in /proc")

SPIN = """
import os, signal, sys, time
if sys.argv[1:] == ["of nobody"] and os.fork():
    os._exit(0)
began = time.process_time()
while time.process_time() < began + 0.6:
    pass
print(os.getpid(), flush=True)
signal.pause()
"""


def spinning(*how: str) -> subprocess.Popen[str]:
    """It has taken 0.6 seconds of a processor, and is still there."""
    return subprocess.Popen([sys.executable, "-c", SPIN, *how], stdout=subprocess.PIPE, text=True)


def test_what_ours_take_is_not_what_others_take() -> None:
    others = OtherPrograms(tuple)
    others.look()
    before = others._own
    with spinning() as ours:
        assert ours.stdout and ours.stdout.readline()
        others.look()
        assert 0.5 < taken(before, others._own) < 5.0
        ours.kill()
    before = others._own
    others.look()
    assert taken(before, others._own) < 0.4, "it has ended, and was counted before"
    # Somebody else's: its parent has gone, and we have never seen it as ours.
    began, before = others.beats[-1][0], others._own
    with spinning("of nobody") as theirs:
        assert theirs.stdout
        pid = int(theirs.stdout.readline())
        try:
            others.look()
            assert pid not in others._own and taken(before, others._own) < 0.4
            assert others.seconds(began, others.beats[-1][0]) * (os.cpu_count() or 1) > 0.3
        finally:
            os.kill(pid, signal.SIGKILL)


def test_what_ended_in_between_is_counted_once() -> None:
    """A parent is told what its children had taken; one whose parent ended before leaves nothing."""
    before = {1: Program(1, 0, False, 1.0, 0.0), 2: Program(2, 1, False, 5.0, 0.0)}
    now = {1: Program(1, 0, False, 1.5, 5.25), 3: Program(3, 1, False, 0.5, 0.0)}
    assert taken(before, now) == 1.25
    orphaned = {1: Program(1, 0, False, 1.0, 0.0)}
    assert taken(before, orphaned) == 0.0
    assert taken(orphaned, before) == 5.0
    assert taken({}, {}) == 0.0


def test_between_two_looks_it_is_as_much_of_each_part() -> None:
    others = OtherPrograms(tuple)
    assert others.seconds(0.0, 10.0) == 0.0, "nobody has looked"
    cores = os.cpu_count() or 1
    others.beats = [(10.0, 0.0), (20.0, 8.0 * cores), (30.0, 8.0 * cores)]
    assert others.seconds(12.5, 15.0) == pytest.approx(2.0)
    assert others.seconds(0.0, 99.0) == pytest.approx(8.0)
    assert others.seconds(20.0, 30.0) == 0.0
