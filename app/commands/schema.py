"""`networklab schema`: what an editor needs to complete a study as it is written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from app.commands.arguments import Refusal
from app.config import PACKAGE, Config
from app.study.schema import schema

SCHEMA, STUBS = ".editor/study.schema.json", "typings/networklab.pyi"
WORDS = PACKAGE / "study" / "hooks" / "networklab.py"
PRIVATE = "\n_TYPES = "  # from here on it is ours


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        nargs="?",
        help=f"a study, to write {SCHEMA} and {STUBS} into; without it the schema is printed",
    )


def run(options: argparse.Namespace, config: Config) -> int:
    written = json.dumps(schema(), indent=1, ensure_ascii=False)
    if options.folder is None:
        print(written)
        return 0
    folder: Path = options.folder
    if not (folder / "study.toml").is_file():
        raise Refusal(f"{folder} has no study.toml. Give the folder of a study.")
    for name, text in ((SCHEMA, f"{written}\n"), (STUBS, stubs())):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{folder / SCHEMA} and {folder / STUBS} are written; they are no part of the study.")
    print(f"Begin study.toml with this line: #:schema {SCHEMA}")
    return 0


def stubs() -> str:
    """What hooks.py imports as `networklab`, for an editor."""
    return WORDS.read_text(encoding="utf-8").partition(PRIVATE)[0].rstrip() + "\n"
