"""A study that comes to the server: read, checked as by `networklab check`, and handed on to be kept."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException, HTTPException

from app.database.connections import Pool
from app.study.own_files import own_files
from app.study.reading import STUDY_FILE, parse, read_folder
from app.study.shelf import CheckReport, KeptVersion, Upload, files_of
from app.study.stored_files import read_file
from app.study.syntax.mistakes import StudyError
from app.web.lab import Query
from app.web.studies.checking import check_folder
from app.web.studies.ships import shipped
from app.web.studies.uploads import UploadError, lay_out, the_study_in, unpack

SECONDS = 600.0  # that an upload may take to come
WHOLE = "Choose a study’s folder, or a zip of it, and send it again."


class UploadForm:
    """The form of an upload."""

    def __init__(
        self, fields: Mapping[str, str], folder: Sequence[UploadFile], zips: Sequence[UploadFile]
    ) -> None:
        self.fields, self.folder, self.zips = fields, folder, zips

    async def close(self) -> None:
        for one in (*self.folder, *self.zips):
            await one.close()


async def sent(request: Query) -> UploadForm:
    """Raises `UploadError`, and a 400 for what no page of ours sends."""
    try:
        async with asyncio.timeout(SECONDS):
            form = await request.form()
    except TimeoutError:
        raise UploadError(
            "It did not come within 10 minutes. Try a faster line, or leave out large files."
        ) from None
    except (LookupError, ValueError):
        raise ClientException("This was not sent as a form.") from None
    except HTTPException as error:
        if error.status_code == 413:
            raise UploadError(
                "It is larger than a study may be. Leave out what the study does not need."
            ) from None
        if "Too Large" in str(error.detail):
            raise UploadError(
                "The folder has more than 1,000 files. Make a zip of it, and upload that."
            ) from None
        raise
    many = [*form.multi_items()]
    files = [(name, one) for name, one in many if isinstance(one, UploadFile)]
    return UploadForm(
        {name: one for name, one in many if isinstance(one, str)},
        [one for name, one in files if name == "folder"],
        [one for name, one in files if name == "zip"],
    )


@asynccontextmanager
async def received(form: UploadForm) -> AsyncIterator[Upload]:
    """What the form brought; it lies in a folder until then. Raises `UploadError` and `CheckError`."""
    with TemporaryDirectory(prefix="networklab-study-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if form.fields.get("ships"):
            chosen = next((one for one in shipped() if one.name == form.fields["ships"]), None)
            if chosen is None:
                raise UploadError("No study of this name comes with NetworkLab.")
            yield await _read(chosen.folder, f"{chosen.name}, which comes with NetworkLab", chosen.title)
            return
        if form.zips:
            called = PurePath(form.zips[0].filename.replace("\\", "/")).name[:100]
            await asyncio.to_thread(unpack, form.zips[0].file, folder)
            source = f"the zip {called}"
        elif form.folder:
            await asyncio.to_thread(lay_out, [(one.filename, one.file) for one in form.folder], folder)
            called = form.folder[0].filename.replace("\\", "/").split("/")[0][:100]
            source = f"the folder {called}"
        else:
            raise UploadError(f"The form has no study. {WHOLE}")
        yield await _read(await asyncio.to_thread(the_study_in, folder), source, called.removesuffix(".zip"))


async def checked_again(pool: Pool, version: KeptVersion) -> CheckReport:
    """By the NetworkLab that is here now. Raises `CheckError`."""
    with TemporaryDirectory(prefix="networklab-study-", ignore_cleanup_errors=True) as name:
        await lay_out_again(pool, version, Path(name))
        return await check_folder(Path(name))


async def lay_out_again(pool: Pool, version: KeptVersion, folder: Path) -> None:
    """The files of a version as they came."""
    async with pool.connection() as conn:
        files = await files_of(conn, version)
        own = own_files(files)
        for path, body in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if path in own:
                with target.open("wb") as file:
                    async for piece in read_file(conn, own[path]):
                        file.write(piece)
            else:
                target.write_bytes(body)


async def _read(folder: Path, source: str, called: str) -> Upload:
    checked = await check_folder(folder)
    try:
        files = await asyncio.to_thread(read_folder, folder)
    except StudyError as error:
        raise UploadError(str(error).replace(str(folder), "The folder")) from None
    title = await asyncio.to_thread(_title, files) or called
    return Upload(files, title[:200] or "A study", source, checked)


def _title(files: Mapping[str, bytes]) -> str:
    """What the study calls itself, also where something else in it is wrong; "" where nobody can tell."""
    with suppress(StudyError):
        return parse(files).title
    with suppress(ValueError, RecursionError):  # of TOML, and of what is no text
        title = tomllib.loads(files[STUDY_FILE].decode("utf-8-sig")).get("title")
        if isinstance(title, str) and title.isprintable():
            return title.strip()
    return ""
