"""`networklab walk`: what the server asks, in a process apart, for the pages of a study that a researcher looks at."""

from __future__ import annotations

import argparse
import base64
import json
from dataclasses import asdict
from pathlib import Path

from app.config import Config
from app.rehearsal.walk import SEATS, Look, walk
from app.study.model.study import Study
from app.study.reading import parse
from app.web import templates


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "asked", type=Path, metavar="FILE", help="the study’s files, and where to look, as JSON"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    asked = json.loads(options.asked.read_bytes())
    study = parse({path: base64.b64decode(body) for path, body in asked["files"].items()})
    broken = list[str]()

    def tell(study: Study, path: str, error: Exception) -> None:
        broken.append(f"`{path}` breaks here, and players would get our page in its place: {error}")

    templates.told_of_broken.append(tell)
    walked = walk(study, Look(**asked["look"]))
    told = dict(
        look=asdict(walked.look),
        stops=[dict(at=one.at, part=one.part, name=one.name) for one in walked.stops],
        people=walked.people,
        seats=SEATS,
        pages=[asdict(one) for one in walked.pages],
        kinds=[one.name for one in study.rooms],
        treatments=[dict(name=one.name, column=one.column, levels=one.levels) for one in study.treatments],
        languages=list(study.spoken),
        broken=broken,
    )
    print(json.dumps(told, ensure_ascii=False))
    return 0
