"""`networklab studies`: those that were uploaded, who is on them, and one removed."""

from __future__ import annotations

import argparse
import json
import sys

from app.commands.arguments import Refusal
from app.commands.connection import in_transaction
from app.commands.granting import add_granting
from app.config import Config
from app.database.connections import Connection
from app.study import shelf
from app.study.shelf import KeptVersion
from app.web.access import security, study_rights
from app.web.access.granting import RightsError
from app.web.access.security import COMMAND_LINE
from app.web.access.study_rights import NO_STUDY, STUDIES, WhoIsOn


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.set_defaults(do=_list)
    commands = parser.add_subparsers(metavar="COMMAND")
    granter = commands.add_parser(
        "grant",
        help="put somebody on a study as what, or take them off; from then on only those named see it",
    )
    sees = "let everybody who may open sessions see it again"
    add_granting(granter, STUDIES, "STUDY", "its id, as `studies` lists it", sees)
    remover = commands.add_parser(
        "remove", help="remove a study with all its versions; sessions of it go on, by the files they have"
    )
    remover.add_argument("study", metavar="STUDY", help="its id, as `studies` lists it")
    remover.add_argument("--yes", action="store_true", help="without being asked")
    remover.set_defaults(do=_remove)


def run(options: argparse.Namespace, config: Config) -> int:
    code: int = options.do(options, config)
    return code


def _list(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> tuple[list[KeptVersion], dict[str, WhoIsOn]]:
        return await shelf.newest_versions(conn), await study_rights.all_given(conn)

    found, given = in_transaction(config, work)
    if options.json:
        print(json.dumps([_as_json(one, given[one.study_id]) for one in found], ensure_ascii=False))
    elif not found:
        print("No study is kept here yet; the page Studies takes them.")
    for one in found if not options.json else ():
        on, state = given[one.study_id], "can run" if one.can_run else "can’t run"
        owners = ", ".join(on.owners) or "nobody"
        print(
            f"{one.study_id}  version {one.number:3}  {state:9}  {one.title}, owned by {owners}, seen by {on.words}"
        )
    return 0


def _as_json(one: KeptVersion, on: WhoIsOn) -> dict[str, object]:
    return dict(
        study=one.study_id,
        version=one.number,
        title=one.title,
        can_run=one.can_run,
        owners=on.owners,
        colleagues=on.colleagues if on.restricted else None,
    )


def _remove(options: argparse.Namespace, config: Config) -> int:
    study = options.study

    async def title(conn: Connection) -> str:
        versions = await shelf.versions_of(conn, study)
        if not versions:
            raise RightsError(NO_STUDY.format(study[:100]))
        return versions[0].title

    async def work(conn: Connection) -> None:
        await security.write(conn, "study_removed", COMMAND_LINE, about=study, title=await title(conn))
        await shelf.remove_study(conn, study)

    name = in_transaction(config, title)
    if not options.yes:
        if not sys.stdin.isatty():
            raise Refusal(f"Nothing was removed: --yes removes {name} with all its versions, unasked.")
        if input(f"Remove {name} with all its versions? Type yes: ").strip().lower() != "yes":
            raise Refusal("Nothing was removed.")
    in_transaction(config, work)
    print(f"{name} is removed. Sessions of it go on by the files that they have.")
    return 0
