"""Stories of folders that a killed server left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

from app.web.studies.leftovers import OLD, clear_leftovers


def test_what_a_killed_server_left_goes_and_what_is_at_work_stays(tmp_path: Path) -> None:
    away = tmp_path / "elsewhere"
    for name in (
        "networklab-rehearsal-a",
        "networklab-study-b",
        "networklab-rehearsal-new",
        "mine",
        away.name,
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        if "new" not in name:
            os.utime(tmp_path / name, (time.time() - OLD - 60,) * 2)
    (tmp_path / "networklab-study-link").symlink_to(away)
    clear_leftovers(tmp_path)
    left = {one.name for one in tmp_path.iterdir()}
    assert left == {"networklab-rehearsal-new", "mine", "elsewhere", "networklab-study-link"}
    assert (away / "file").exists()
