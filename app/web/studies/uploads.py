"""What a researcher uploads as a study, laid out in a folder: a folder's files, or a zip of them.

Nothing that came is trusted: a name leads nowhere but into that folder, a link is refused, and what is written is
counted as it is unpacked, whatever a zip says of itself.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import IO, TypeVar

from app.study import own_files, reading

LARGEST = own_files.LARGEST + reading.LARGEST_STUDY  # bytes, unpacked
LARGEST_UPLOAD = LARGEST + 2_000_000  # with the names of the files, and what stands between them
MOST = own_files.MOST + 500  # files
DEEPEST, LONGEST = 10, 200  # parts of a name, and its characters
LARGEST_CONTENTS = 1_000_000  # bytes of the list of files in a zip
LEFT_OUT = ("__MACOSX", "__pycache__", "node_modules")
PIECE = 256 * 1024
END, END_SIZE = b"PK\x05\x06", 22  # of a zip: where its list of files is
END_64, END_64_SIZE = b"PK\x06\x07", 20  # before it, where the list is longer than it can say
LONGEST_COMMENT = 65_535  # bytes, after it
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack a few bytes into memory without end
MB = 1_000_000


class UploadError(Exception):
    """What came is no study; the text says why and what to do."""


File = tuple[str, IO[bytes]]
T = TypeVar("T")


def lay_out(files: Sequence[File], folder: Path) -> None:
    """The files of a folder that was chosen. Raises `UploadError`."""
    if len(files) > MOST:
        raise UploadError(f"The folder has more than {MOST:,} files. Remove what the study does not need.")
    _write(_named((name, file) for name, file in files), folder)


def unpack(file: IO[bytes], folder: Path) -> None:
    """A zip. Raises `UploadError`."""
    _refuse_long_list(file)
    try:
        with zipfile.ZipFile(file) as zipped:
            listed = [one for one in zipped.infolist() if not one.is_dir()]
            if len(zipped.infolist()) > MOST:
                raise _too_many()
            for one in listed:
                _refuse_odd(one)
            if sum(one.file_size for one in listed) > LARGEST:
                raise _too_large()
            named = _named((one.filename, one) for one in listed)
            _write(((path, zipped.open(one)) for path, one in named), folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise UploadError(
            "This zip can’t be read. Make it again, without a password, and upload that."
        ) from None


def the_study_in(folder: Path) -> Path:
    """The folder with the study.toml: what was chosen, or the one folder in it. Raises `UploadError`."""
    found = sorted(folder.rglob(reading.STUDY_FILE), key=lambda path: (len(path.parts), path))
    if not found:
        raise UploadError(
            "There is no study.toml in it. A study is a folder with a study.toml and pages: upload that folder, or a"
            " zip of it."
        )
    nearest = [one.parent for one in found if len(one.parts) == len(found[0].parts)]
    if len(nearest) > 1:
        names = " and ".join(one.name for one in nearest[:2])
        raise UploadError(
            f"There are {len(nearest)} studies in it, {names} among them. Upload one at a time."
        )
    return nearest[0]


def _refuse_long_list(file: IO[bytes]) -> None:
    """Before all of a list is read that a few bytes may have made as long as memory."""
    end = file.seek(0, 2)
    file.seek(max(0, end - END_SIZE - LONGEST_COMMENT - END_64_SIZE))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_SIZE:
        raise UploadError("This is no zip, or not all of one. Choose the zip of a study’s folder.")
    many, size = struct.unpack_from("<H", tail, at + 10)[0], struct.unpack_from("<I", tail, at + 12)[0]
    longer = tail[max(0, at - END_64_SIZE) : at].startswith(END_64)
    if longer or many > MOST or size > LARGEST_CONTENTS:
        raise _too_many()
    file.seek(0)


def _refuse_odd(one: zipfile.ZipInfo) -> None:
    mode = one.external_attr >> 16
    if S_ISLNK(mode):
        raise UploadError(f"“{_short(one.filename)}” is a link. Put the file itself into the zip.")
    if mode and not S_ISREG(mode) and not S_ISDIR(mode) and mode & 0o170000:
        raise UploadError(f"“{_short(one.filename)}” is no file. Leave it out of the zip.")
    if one.flag_bits & 0x1:
        raise UploadError("The zip has a password. Make it without one.")
    if one.compress_type not in PACKED:
        raise UploadError(
            f"“{_short(one.filename)}” is packed in a way that is not read here. Make the zip again with the usual"
            " compression, “deflate”."
        )


def _named(files: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Those that belong to a study, each with the path that its name means. Raises `UploadError`."""
    found, seen = list[tuple[str, T]](), set[str]()
    for name, one in files:
        path = _path_of(name)
        if path is None:
            continue
        if path.casefold() in seen:
            raise UploadError(f"“{_short(name)}” is in it twice. Leave one out.")
        seen.add(path.casefold())
        found.append((path, one))
    return found


def _path_of(name: str) -> str | None:
    """None of what is left out, as a folder's hidden files are. Raises `UploadError`."""
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = path.split("/")
    strange = not path.isprintable() or path.startswith("/") or ":" in parts[0]
    if strange or any(one in ("", ".", "..") for one in parts):
        raise UploadError(f"“{_short(name)}” leads out of the folder. Upload the study’s own folder.")
    if len(parts) > DEEPEST or max(len(one.encode()) for one in parts) > LONGEST:
        raise UploadError(f"“{_short(name)}” lies too deep, or its name is too long. Give it a shorter one.")
    if any(one.startswith(".") or one in LEFT_OUT for one in parts):
        return None
    return path


def _write(files: Iterable[File], folder: Path) -> None:
    """Never more than a study may have."""
    left = LARGEST
    for path, file in files:
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with file, target.open("xb") as written:
                for piece in _pieces(file):
                    left -= len(piece)
                    if left < 0:
                        raise _too_large()
                    written.write(piece)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise UploadError(
                f"“{_short(path)}” is a file and a folder at once. Give one another name."
            ) from None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _too_many() -> UploadError:
    return UploadError(f"The zip has more than {MOST:,} files. Remove what the study does not need.")


def _too_large() -> UploadError:
    return UploadError(
        f"It is larger than {LARGEST // MB} MB, unpacked. A study has {own_files.LARGEST // MB} MB for its files/ and"
        f" {reading.LARGEST_STUDY // MB} MB for all else."
    )


def _short(name: str) -> str:
    shown = "".join(one if one.isprintable() else "�" for one in name)
    return shown if len(shown) < 80 else f"{shown[:77]}…"
