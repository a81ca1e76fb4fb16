"""The classic studies that stories play: each a study.toml and, where something is computed, its hooks."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "studies" / "classics"
PAGE = b'{% extends "player/_step_opened.html" %}'
CLASSICS = sorted(path.stem for path in FOLDER.glob("*.toml"))


def files_of(name: str, **changes: str) -> dict[str, bytes]:
    """With pages that say nothing of their own. `changes`: other words in study.toml, by what stands there."""
    toml = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in toml
        toml = toml.replace(old, new)
    files = {"study.toml": toml.encode()}
    if (hooks := FOLDER / f"{name}.py").exists():
        files["hooks.py"] = hooks.read_bytes()
    return files | {
        f"pages/{page}.html": PAGE for page in re.findall(r'^page +=\s*"(\w+)"', toml, re.MULTILINE)
    }


def size_of(name: str) -> tuple[int, int, int]:
    """Of study.toml and hooks.py together: lines that are not blank, characters, and parts: tables and functions."""
    both = [
        path.read_text(encoding="utf-8")
        for path in (FOLDER / f"{name}.toml", FOLDER / f"{name}.py")
        if path.exists()
    ]
    lines = [line for text in both for line in text.splitlines() if line.strip()]
    return len(lines), sum(map(len, both)), sum(line.startswith(("[", "def ")) for line in lines)
