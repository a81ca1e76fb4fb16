"""`networklab doctor`: what a server needs, each thing looked at and said in a sentence, with what helps."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict, replace

import psycopg

from app.commands.arguments import Refusal, as_typed, backups_at
from app.commands.clusters import add_cluster
from app.config import Config
from app.database.connections import connect
from app.database.embedded import EmbeddedError
from app.database.running import database_as_it_is
from app.database.stores import StorePlace
from app.web.doctor.address import look_at_address
from app.web.doctor.database import look_at_database
from app.web.doctor.finding import Finding
from app.web.doctor.machine import (
    look_at_backups,
    look_at_disk,
    look_at_files,
    look_at_port,
    look_at_stored_backups,
)
from app.web.doctor.secrets import look_at_secrets

MARKS = {"ok": "ok   ", "look": "LOOK ", "wrong": "WRONG"}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backups",
        type=backups_at,
        metavar="DIR|s3://BUCKET/PREFIX",
        help="where backups are: how old the newest is, and how much room a folder has",
    )
    parser.add_argument("--json", action="store_true", help="print the lights as JSON")
    add_cluster(parser, "all of them")


def run(options: argparse.Namespace, config: Config) -> int:
    backups = options.backups
    if backups and not isinstance(backups, StorePlace) and not backups.is_dir():
        raise Refusal(f"There is no folder {backups}. Give the one that `networklab backup` writes to.")
    lights = [look_at_files(), look_at_port(config)]
    if isinstance(backups, StorePlace):
        lights.append(asyncio.run(look_at_stored_backups(backups)))
    elif backups:
        lights += [look_at_disk("disk of backups", backups), look_at_backups(backups)]
    several = [*map(config.of, config.clusters)] if config.clusters and not options.cluster else [config]
    for own in several:
        lights += [_called(light, own) for light in _of_database(own)]
    lights += asyncio.run(_address(config))
    if options.json:
        print(json.dumps([asdict(light) for light in lights], ensure_ascii=False))
    else:
        width = max(len(light.name) for light in lights)
        for light in lights:
            print(f"{MARKS[light.state]}  {light.name:{width}}  {light.said}")
            if light.cure:
                print(f"{'':{width + 9}}→ {as_typed(light.cure)}")
    return 1 if any(light.state == "wrong" for light in lights) else 0


def _of_database(config: Config) -> list[Finding]:
    try:
        with database_as_it_is(config) as url:
            return asyncio.run(_with_database(config, url))
    except EmbeddedError as error:
        return [Finding("database", "wrong", str(error), "Mend that, or set DATABASE_URL.")]


async def _with_database(config: Config, url: str) -> list[Finding]:
    lights = await look_at_database(config, url)
    if config.database_url is None:
        lights.append(look_at_disk("disk of the database", (config.home / "postgres").resolve()))
    if any(light.name == "tables" and light.state == "ok" for light in lights):
        try:
            conn = await connect(url, "doctor")
            try:
                lights += [light async for light in look_at_secrets(conn, config)]
            finally:
                await conn.close()
        except psycopg.Error as error:
            lights.append(
                Finding("accounts", "wrong", f"They can’t be read: {error}.", "See the database light.")
            )
    return lights


async def _address(config: Config) -> list[Finding]:
    return [light async for light in look_at_address(config)]


def _called(light: Finding, config: Config) -> Finding:
    """By which of several databases it is of, and what names those."""
    if not config.cluster:
        return light
    cure = light.cure.replace("DATABASE_URL ", "DATABASE_URLS ").replace("DATABASE_URL.", "DATABASE_URLS.")
    cure = cure.replace("NETWORKLAB_LISTENER_URL ", "NETWORKLAB_LISTENER_URLS ")
    return replace(light, name=f"{config.cluster}: {light.name}", cure=cure)
