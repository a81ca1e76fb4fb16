"""Stories of own files in the database: stored once, kept as the session was opened with them, exported, verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.export import export
from app.export.verify import verify
from app.study.reading import parse, read_folder
from app.study.syntax.mistakes import StudyError
from tests.house.house import House
from tests.house.pictures import picture, with_files

PEOPLE = {"player": 2}


def test_what_two_sessions_show_is_stored_once_and_each_keeps_its_own(house: House, tmp_path: Path) -> None:
    folder = with_files(tmp_path / "study")
    house.open_folder(folder, PEOPLE)
    before = house.sql("select count(*), sum(size) from own_content")
    assert house.sql("select count(*) from own_piece") == [(8,)]  # three of the tone, none of what is empty
    house.open_folder(folder, PEOPLE)
    assert house.sql("select count(*), sum(size) from own_content") == before
    (folder / "files" / "faces" / "kind.png").write_bytes(picture(grey=1))
    house.open_folder(folder, PEOPLE)
    assert house.sql("select count(*) from own_content") == [(before[0][0] + 1,)]
    assert house.sql("select count(distinct files_sha256) from own_file") == [(2,)]


def test_a_file_that_changes_while_its_study_is_read_opens_no_session(house: House, tmp_path: Path) -> None:
    study = parse(read_folder(with_files(tmp_path / "study")))
    (tmp_path / "study" / "files" / "faces" / "kind.png").write_bytes(picture(grey=9))
    with pytest.raises(StudyError, match=r"files/faces/kind.png: It changed, or went"):
        house.open_study(study, PEOPLE)
    assert (
        house.sql("select count(*) from session") == house.sql("select count(*) from own_content") == [(0,)]
    )


def test_an_export_has_the_very_files_and_verify_finds_one_that_is_another(
    house: House, tmp_path: Path
) -> None:
    folder = with_files(tmp_path / "study")
    session = house.open_folder(folder, PEOPLE)
    house.act("close", session)
    study = parse(read_folder(folder))
    out = tmp_path / "out"
    house.tell(export.write_folder(house.database, session.id, study, out))
    assert dict(read_folder(out / "study")) == dict(study.files)
    assert (out / "study" / "files" / "tone.wav").read_bytes() == (folder / "files" / "tone.wav").read_bytes()

    def wrong() -> list[str]:
        found = house.tell(verify(house.database, session.id, study))
        return [problem for check in found.checks for problem in check.rows]

    assert wrong() == []
    house.sql("update own_piece set body = 'x' where number = 1")
    assert wrong() == ["stored: files/tone.wav is not what the session opened with"]
