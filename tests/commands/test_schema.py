"""Stories of `networklab schema`: what an editor needs stands beside a study, and is no part of it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from app.__main__ import main
from app.study.reading import fingerprint, read_folder
from tests.house.studies import TALK, as_files


def test_what_an_editor_needs_stands_beside_a_study_and_is_no_part_of_it(tmp_path: Path) -> None:
    for name, content in as_files(TALK).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    before = fingerprint(read_folder(tmp_path))
    assert main(["schema", str(tmp_path)]) == 0
    assert fingerprint(read_folder(tmp_path)) == before
    assert json.loads((tmp_path / ".editor" / "study.schema.json").read_text())["properties"]["step"]
    stubs = ast.parse((tmp_path / "typings" / "networklab.pyi").read_text())
    names = {node.name for node in stubs.body if isinstance(node, ast.ClassDef)}
    assert {"Room", "Seat", "Accept", "Refuse", "Lobby"} <= names and "Packer" not in names
    assert main(["schema", str(tmp_path / "nowhere")]) == 2
