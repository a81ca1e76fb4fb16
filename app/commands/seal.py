"""`networklab seal`: what a session is to be, with one digest and a time; and whether that is what ran."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from app.commands.arguments import THE_SESSION, Refusal
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.sessions import seals
from app.sessions.seals import MOST_FILES, Seal
from app.sessions.sessions import find_session
from app.web.access.security import COMMAND_LINE


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--analysis",
        type=Path,
        action="append",
        default=[],
        metavar="FILE|DIR",
        help="sealed with it, such as analysis.R or a plan as PDF; as often as there are any",
    )
    parser.add_argument(
        "--check",
        nargs="?",
        const="",
        metavar="DIGEST",
        help="say only what is not as it was sealed, and exit 1 if anything is not (without DIGEST: the last one)",
    )
    parser.add_argument("--json", action="store_true", help="print the seal, what it holds and what differs")


def run(options: argparse.Namespace, config: Config) -> int:
    analysis = _digests(options.analysis)

    async def work(conn: Connection) -> tuple[Seal, list[str] | None]:
        session = await find_session(conn, options.session)
        if options.check is None:
            return await seals.seal(conn, session.id, analysis, COMMAND_LINE), None
        found = _chosen(await seals.seals_of(conn, session.id), options.check, session.name)
        given = analysis if options.analysis else None
        return found, await seals.differences(conn, session.id, found, given)

    seal, differs = in_transaction(config, work)
    if options.json:
        told = dict(digest=seal.digest, at=seal.moment, by=seal.by, came=seal.came, records=seal.records)
        print(json.dumps(told | dict(sealed=seal.holds, differs=differs), ensure_ascii=False))
    else:
        print("\n".join(_said(seal, differs, bool(options.analysis))))
    return 1 if differs else 0


def _said(seal: Seal, differs: Sequence[str] | None, looked: bool) -> list[str]:
    sealed = seal.holds["analysis"]
    lines = [f"Sealed {seal.moment} by {seal.by}, {seal.before}.", f"sha256 {seal.digest}"]
    if differs is None:
        with_what = f"analysis: {', '.join(sealed)}" if sealed else "no analysis: --analysis FILE adds it"
        return [*lines, f"It holds {len(seal.holds['study']['files'])} files of the study; {with_what}."]
    if sealed and not looked:
        lines.append(f"Nobody looked at the analysis: --analysis gives {', '.join(sealed)}.")
    parts = "study, analysis, sizes and rules" if looked else "study, sizes and rules"
    return [*lines, *(differs or [f"What ran is what was sealed: {parts}."])]


def _chosen(there: Sequence[Seal], digest: str, name: str) -> Seal:
    if not there:
        raise Refusal(f"{name} was never sealed: `networklab seal` does that, before anybody comes.")
    found = [one for one in there if one.digest.startswith(digest)]
    if not found:
        raise Refusal(f"{name} has no seal {digest}: its last is {there[-1].digest}.")
    return found[-1]


def _digests(paths: Sequence[Path]) -> dict[str, str]:
    """File → SHA-256; what lies in a folder by its place in there."""
    found: dict[str, str] = {}
    for path in paths:
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            if name in found:
                raise Refusal(f"There are two files called {name}. Give a folder that has both.")
            if len(found) == MOST_FILES:
                raise Refusal(f"An analysis may have {MOST_FILES} files: give those that one reads.")
            try:
                with file.open("rb") as opened:
                    found[name] = hashlib.file_digest(opened, "sha256").hexdigest()
            except OSError as error:
                raise Refusal(f"{file} can't be read: {error.strerror or error}.") from None
    return found
