"""Stories of what is uploaded as a study: it is laid out in its folder and nowhere else, and never grows."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from app.web.studies import uploads
from app.web.studies.uploads import MOST, UploadError, lay_out, the_study_in, unpack

TOML = b'title = "x"\n'


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes]) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as one:
        for name, body in files:
            one.writestr(name, body)
    return content


def written(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def odd(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def test_a_zip_is_laid_out_without_what_is_hidden_and_its_study_is_found(tmp_path: Path) -> None:
    content = zipped(
        ("mine/study.toml", TOML),
        ("mine/pages/talk.html", b"<p>"),
        ("mine/.DS_Store", b"x"),
        ("__MACOSX/mine/._study.toml", b"x"),
        ("mine/.git/config", b"x"),
    )
    unpack(content, tmp_path)
    assert written(tmp_path) == {"mine/study.toml": TOML, "mine/pages/talk.html": b"<p>"}
    assert the_study_in(tmp_path) == tmp_path / "mine"


def test_a_folder_is_laid_out_as_its_browser_names_its_files(tmp_path: Path) -> None:
    lay_out([("mine/study.toml", io.BytesIO(TOML)), ("mine\\pages\\a.html", io.BytesIO(b"a"))], tmp_path)
    assert set(written(tmp_path)) == {"mine/study.toml", "mine/pages/a.html"}


@pytest.mark.parametrize(
    "name",
    ["../study.toml", "/etc/passwd", "a/../../b", "C:\\x", "a//b", "..\\x", "a/./b", "a\x00b", "a\u202eb"],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    with pytest.raises(UploadError, match="leads out of the folder"):
        lay_out([(name, io.BytesIO(b"x"))], inside)
    assert written(tmp_path) == {}


def test_links_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="“passwd” is a link"):
        unpack(zipped((odd("passwd", stat.S_IFLNK | 0o777), b"/etc/passwd")), tmp_path)
    with pytest.raises(UploadError, match="is no file"):
        unpack(zipped((odd("pipe", stat.S_IFIFO | 0o600), b"")), tmp_path)
    assert written(tmp_path) == {}


def test_two_names_of_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="is in it twice"):
        unpack(zipped(("Study.toml", b"a"), ("study.toml", b"b")), tmp_path)
    with pytest.raises(UploadError, match="a file and a folder at once"):
        unpack(zipped(("pages", b"a"), ("pages/a.html", b"b")), tmp_path)


def test_a_zip_that_would_grow_is_refused_whatever_it_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST", 1_000_000)
    told = zipped(("study.toml", bytes(2_000_000)))
    with pytest.raises(UploadError, match="unpacked"):
        unpack(told, tmp_path / "told")
    assert not (tmp_path / "told").exists()
    several = [(str(nth), io.BytesIO(bytes(300_000))) for nth in range(4)]
    with pytest.raises(UploadError, match="unpacked"):
        lay_out(several, tmp_path / "lay")
    assert sum(map(len, written(tmp_path).values())) <= 1_000_000


def test_a_list_of_files_longer_than_any_study_is_refused_before_it_is_read(tmp_path: Path) -> None:
    many = zipped(*((f"{nth}.html", b"") for nth in range(MOST + 1)))
    with pytest.raises(UploadError, match=f"more than {MOST:,} files"):
        unpack(many, tmp_path)
    with pytest.raises(UploadError, match=f"more than {MOST:,} files"):
        lay_out([(f"{nth}.html", io.BytesIO()) for nth in range(MOST + 1)], tmp_path)
    assert written(tmp_path) == {}


def test_a_zip_that_says_less_of_its_list_of_files_than_there_is_in_it_is_refused(tmp_path: Path) -> None:
    whole = zipped(*((f"{nth}.html", b"") for nth in range(MOST + 1))).getvalue()
    end = whole.rindex(uploads.END)
    _, many, size, at = struct.unpack_from("<HHII", whole, end + 8)
    one_only = whole[: end + 8] + struct.pack("<HH", 1, 1) + whole[end + 12 :]
    real = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, many, many, size, at)
    told = struct.pack("<4s4H2IH", uploads.END, 0, 0, 1, 1, 10, at, uploads.LONGEST_COMMENT)
    elsewhere = struct.pack("<4sIQI", uploads.END_64, 0, end, 1)
    far_off = whole[:end] + real + elsewhere + told + bytes(uploads.LONGEST_COMMENT)
    for content in (one_only, far_off):
        with pytest.raises(UploadError, match=f"more than {MOST:,} files"):
            unpack(io.BytesIO(content), tmp_path)
    assert written(tmp_path) == {}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_would_unpack_a_few_bytes_into_all_of_memory_is_refused(tmp_path: Path, method: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as one:
        one.writestr("study.toml", TOML)
    with pytest.raises(UploadError, match="is packed in a way that is not read here"):
        unpack(content, tmp_path)
    assert written(tmp_path) == {}


def test_what_is_no_zip_gets_a_sentence(tmp_path: Path) -> None:
    whole = zipped(("study.toml", TOML)).getvalue()
    damaged = bytearray(whole)
    damaged[30 + len("study.toml")] |= 0b110  # a kind of block that there is not
    locked = bytearray(whole)
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    for content, sentence in (
        (b"", "no zip"),
        (b"study", "no zip"),
        (whole[:-10], "no zip"),
        (whole.replace(b"PK\x03\x04", b"PKxx"), "can’t be read"),
        (bytes(damaged), "can’t be read"),
        (bytes(locked), "has a password"),
    ):
        with pytest.raises(UploadError, match=sentence):
            unpack(io.BytesIO(content), tmp_path)


def test_a_folder_without_a_study_and_one_with_two_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="There is no study"):
        the_study_in(tmp_path)
    lay_out([(f"{one}/study.toml", io.BytesIO(TOML)) for one in "ab"], tmp_path)
    with pytest.raises(UploadError, match="There are 2 studies in it, a and b among them"):
        the_study_in(tmp_path)
