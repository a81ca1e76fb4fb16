"""Stories of a study's own files as they lie in its folder: what is read of them, and what `check` says."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from app.study import own_files
from app.study.markup import addressed
from app.study.reading import check, fingerprint, parse, read_folder
from app.study.syntax.mistakes import StudyError, excerpt
from tests.house.pictures import PAGE, STYLE, TOML, picture, with_files

DIGEST = "d" * 64
PUT = "Put it into the folder files/, and write its name there, such as files/look.css."


def told(folder: Path) -> list[str]:
    return [str(mistake) for mistake in check(read_folder(folder))]


def test_a_study_has_a_pointer_for_each_file_and_its_fingerprint_changes_with_it(tmp_path: Path) -> None:
    folder = with_files(tmp_path)
    files = read_folder(folder)
    found = own_files.own_files(files)
    assert [*found] == [
        *("files/empty.txt", "files/faces/kind.png", "files/flag.svg", "files/look.css"),
        *("files/own.woff2", "files/page.html", "files/tone.wav"),
    ]
    assert found["files/tone.wav"].size == 640_044
    assert len(files["files/tone.wav"]) < 100
    before = fingerprint(files), own_files.digest_of(files)
    (folder / "files" / "faces" / "kind.png").write_bytes(picture(grey=121))
    after = read_folder(folder)
    assert not {*before} & {fingerprint(after), own_files.digest_of(after)}
    (folder / "study.toml").write_text(TOML.replace("Faces", "Two faces"))
    assert own_files.digest_of(read_folder(folder)) == own_files.digest_of(after)
    assert own_files.digest_of({"study.toml": b""}) == ""


def test_a_file_that_a_page_shows_is_found_and_what_lies_there_for_nothing_is_noted(tmp_path: Path) -> None:
    (note,) = told(with_files(tmp_path))
    assert note == "files/page.html: HTML in files/ is not served. Make it a page of a step, in pages/."
    assert not check(read_folder(tmp_path))[0].grave


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("files/tone.wav", "files/tune.wav", "There is no `files/tune.wav`. Did you mean `files/tone.wav`?"),
        ("files/tone.wav", "files/faces/kind.png", "`files/faces/kind.png` is no sound that is served."),
        ('"files/flag.svg"', '"files/page.html"', "`files/page.html` is not served."),
        ('"files/flag.svg"', '"files/tone.png"', "Did you mean `files/faces/kind.png`?"),
        ('"files/flag.svg"', '"files/../study.toml"', "`files/../study.toml` leads out of files/"),
        ('"files/flag.svg"', '"img/a.png"', 'Put it into the folder files/, and write "files/a.png".'),
        (
            '"files/flag.svg"',
            "\"{{ 'files/flg.svg' if language else 'files/flag.svg' }}\"",
            "There is no `files/flg.svg`.",
        ),
        ('"files/flag.svg"', "\"{{ 'files/page.html' }}\"", "`files/page.html` is not served."),
        ("?2 2x", "x 2x", "There is no `files/faces/kind.pngx`. Did you mean `files/faces/kind.png`?"),
        ("files/tone.wav", "https://example.org/a.mp3", "our policy takes none from other places"),
        ("files/tone.wav", "data:audio/wav;base64,AA", "our policy takes it from files only"),
    ],
)
def test_what_a_page_asks_for_in_vain_is_said(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    page = with_files(tmp_path) / "pages" / "face.html"
    assert old in PAGE
    page.write_text(PAGE.replace(old, new, 1))
    (mistake,) = [one for one in check(read_folder(tmp_path)) if one.grave]
    assert sentence in str(mistake)
    assert mistake.spot is not None


def test_what_a_style_asks_for_in_vain_is_said_with_its_line(tmp_path: Path) -> None:
    style = with_files(tmp_path) / "files" / "look.css"
    style.write_text(
        f'/* url(nowhere.png) */\n@import "https://example.org/a.css";\n{STYLE.replace("own.", "../own.")}'
        "b { background: url('faces/kin.png') url(data:image/png;base64,AA) url(#a) }\n"
        "i { background: image-set('faces/two.png' 2x type('image/png'), url(data:image/png;base64,AA) 1x) }\n"
    )
    files = read_folder(tmp_path)
    found = [one for one in check(files) if one.grave]
    assert [(one.location, one.sentence) for one in found] == [
        ("files/look.css:2:10", "This is not loaded: our policy takes nothing from other places."),
        ("files/look.css:3:44", "`../own.woff2` leads out of files/, and nothing is loaded from there."),
        ("files/look.css:5:22", "There is no `files/faces/kin.png`."),
        ("files/look.css:6:28", "There is no `files/faces/two.png`."),
    ]
    assert found[2].suggestion == "Did you mean `files/faces/kind.png`?"
    assert excerpt(found[2], files).splitlines()[1].startswith("    5 | b { background: url('faces/kin.png')")


def test_what_a_script_would_ask_for_in_vain_is_said(tmp_path: Path) -> None:
    folder = with_files(tmp_path)
    (folder / "files" / "lib.mjs").write_text("export const one = 1;")
    (folder / "files" / "draw.mjs").write_text(
        'import { one } from "./lib.mjs";\nimport { two } from "./lab.mjs";\nimport "three";\n'
        'fetch("https://example.org/x");\neval("1");\ncreateElementNS("http://www.w3.org/2000/svg", "g");\n'
        "// see https://example.org/ for more, and `a // b` too\n"
    )
    found = {one.location: (one.sentence, one.grave) for one in check(read_folder(folder))}
    del found["files/page.html"]
    assert found == {
        "files/draw.mjs:2:22": ("There is no `files/lab.mjs`.", True),
        "files/draw.mjs:3:9": ("There is no `three` to ask for.", True),
        "files/draw.mjs:4:8": (
            "No script can ask for this or send anything there: our policy lets none reach other places.",
            False,
        ),
        "files/draw.mjs:5:1": ("This makes a script of a text, which our policy does not let run.", False),
    }


@pytest.mark.parametrize(
    ("style", "cure"),
    [
        ("look.css", "Write `files/look.css`."),
        ("files/lok.css", "Did you mean `files/look.css`?"),
        ("files/tone.wav", "Its name must end in .css."),
        ("/etc/look.css", PUT),
        ("files/../look.css", PUT),
        ("https://example.org/look.css", PUT),
    ],
)
def test_a_style_that_is_not_there_is_said(tmp_path: Path, style: str, cure: str) -> None:
    toml = with_files(tmp_path) / "study.toml"
    toml.write_text(TOML.replace("files/look.css", style))
    (mistake,) = [one for one in check(read_folder(tmp_path)) if one.grave]
    assert (mistake.location, mistake.suggestion) == ("study.toml:4:9", cure)


def test_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    film = with_files(tmp_path) / "files" / "film.mp4"
    with film.open("wb") as file:
        file.truncate(own_files.LARGEST)  # nothing is written: a hole
    with pytest.raises(
        StudyError, match=r"a study may have 200 MB. The largest is files/film.mp4 with 200 MB"
    ):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    "name", ["files/link.css", "files/faces/all", "pages/a.html", "hooks.py", "ties.csv"]
)
def test_no_link_leads_out_of_a_study(tmp_path: Path, name: str) -> None:
    """It would be served to players, stored with the session and exported."""
    folder, elsewhere = with_files(tmp_path / "study"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("not for players")
    (folder / "files" / "same.txt").symlink_to("empty.txt")  # what leads to a file of the study is one
    assert "files/same.txt" in read_folder(folder)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(elsewhere if name.endswith("all") else elsewhere / "secret.txt")
    with pytest.raises(StudyError) as caught:
        read_folder(folder)
    assert str(caught.value).startswith(f"{name}: This is a link to a place outside of the study’s folder")


@pytest.mark.parametrize("name", ["files", "pages", "languages"])
def test_no_folder_of_a_study_is_a_link_that_leads_out_of_it(tmp_path: Path, name: str) -> None:
    folder, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    for one in (folder, elsewhere):
        one.mkdir()
    (folder / "study.toml").write_text(TOML)
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(StudyError, match=f"^{name}: This is a link to a place outside"):
        read_folder(folder)


def test_a_large_picture_is_noted(tmp_path: Path) -> None:
    path = with_files(tmp_path) / "files" / "faces" / "kind.png"
    path.write_bytes(picture() + bytes(4_000_000))
    assert (
        "files/faces/kind.png: This picture has 4 MB: on a phone it takes long to come." in told(tmp_path)[0]
    )


def test_a_name_with_an_accent_is_found_however_the_folder_writes_it(tmp_path: Path) -> None:
    folder = with_files(tmp_path)
    (folder / "files" / unicodedata.normalize("NFD", "café.png")).write_bytes(picture())
    assert unicodedata.normalize("NFC", "files/café.png") in parse(read_folder(folder)).files


def test_pages_name_files_as_they_lie_in_the_folder_and_browsers_get_their_addresses() -> None:
    served = f"/play/files/{DIGEST}/"
    for source, shown in (
        ('<img src="files/a.png">', f'<img src="{served}a.png">'),
        ("<img alt='>' src='files/{{ kind }}.png'>", f"<img alt='>' src='{served}{{{{ kind }}}}.png'>"),
        ("<img src=files/a.png>", f"<img src={served}a.png>"),
        ('{% set face = "files/a.png" %}', f'{{% set face = "{served}a.png" %}}'),
        ('<img srcset="files/a.png 1x,files/b.png 2x">', f'<img srcset="{served}a.png 1x,{served}b.png 2x">'),
    ):
        assert addressed(source, DIGEST) == shown
    for source in (
        '<p>a "files/b" c</p>',
        '<a href="/files/a.png">',
        '<a href="my/files/a">',
        "{# files/ #}",
    ):
        assert addressed(source, DIGEST) == source
    assert addressed('<img src="files/a.png">', "") == '<img src="files/a.png">'


def test_what_is_no_text_at_all_is_cured_by_one_that_fits(tmp_path: Path) -> None:
    toml = with_files(tmp_path) / "study.toml"
    toml.write_text(TOML.replace('"files/look.css"', '["files/look.css"]'))
    (mistake,) = [one for one in check(read_folder(tmp_path)) if one.grave]
    assert mistake.suggestion == 'Write style = "files/look.css".'
