"""Stories of what a drill has for itself: a disk that it can fill up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own, which alone sees that disk. Somebody writes each time one has looked at what is free.
BESIDE = """
import shutil, sys
from pathlib import Path
from app.rehearsal.own_world import fill_up, small_disk

folder = Path(sys.argv[1])
with small_disk(folder, 64 * 2**20) as there:
    if not there:
        raise SystemExit("no disk")
    looked = shutil.disk_usage

    def look(where):
        found = looked(where)
        with (folder / "log").open("ab") as log:
            try:
                log.write(bytes(2**20))
            except OSError:
                pass
        return found

    shutil.disk_usage = look
    fill_up(folder / "ballast")
    first = (folder / "ballast").stat().st_size
    (folder / "log").unlink()
    fill_up(folder / "ballast")
    print(first, (folder / "ballast").stat().st_size, looked(folder).free)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may have a disk of its own")
def test_a_disk_is_full_also_where_somebody_writes_to_it_meanwhile(
    tmp_path: Path,
) -> None:
    done = subprocess.run([sys.executable, "-c", BESIDE, str(tmp_path)], capture_output=True, text=True)
    if "no disk" in done.stderr:
        pytest.skip("this system gives no disks")
    first, again, free = map(int, done.stdout.split())
    assert free == 0 and 32 * 2**20 < first < again, done.stderr
