"""This machine, as the doctor sees it: files, disks, ports, backups."""

from __future__ import annotations

import resource
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.config import Config
from app.database.backups import BackupError, Manifest, find_backup, measure, read_manifest
from app.database.stored_backups import find_stored
from app.database.stores import StoreError, StorePlace
from app.web.doctor.finding import Finding
from app.web.processes import PortTaken, bind

ENOUGH_FILES, FEW_FILES = 4096, 1024  # each page that is open is one
ENOUGH_DISK, LITTLE_DISK = 5.0, 1.0  # gigabytes
FRESH = timedelta(hours=26)  # of a backup that is made once a day


def look_at_files() -> Finding:
    """By the hard limit: `serve` raises its own as far as that."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= ENOUGH_FILES:
        return Finding("open files", "ok", "There may be enough for a page of everybody.")
    cure = "Raise the limit: LimitNOFILE=65536 in the systemd unit, or nofile in /etc/security/limits.conf."
    said = f"A process may have {most:,} open, and each open page is one."
    return Finding("open files", "look" if most >= FEW_FILES else "wrong", said, cure)


def look_at_disk(name: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 1e9
    said = f"{free:,.1f} GB are free where {folder} is."
    if free >= ENOUGH_DISK:
        return Finding(name, "ok", said)
    cure = "Make room: a session of 700 people takes a fifth of a gigabyte, and Postgres stops where its disk is full."
    return Finding(name, "look" if free >= LITTLE_DISK else "wrong", said, cure)


def look_at_port(config: Config) -> Finding:
    """Free: nobody serves there yet. What answers there otherwise is asked by `look_at_address`."""
    name = f"port {config.port}"
    try:
        bind(config.host, config.port).close()
    except PortTaken as error:
        if error.in_use:
            return Finding(name, "ok", "Somebody serves there.")
        cure = "Choose a HOST of this machine, and a port above 1023 where you are not root."
        return Finding(name, "wrong", str(error).partition(". ")[0] + ".", cure)
    return Finding(name, "look", "Nobody serves there yet.", "Start `networklab serve`, then ask again.")


def look_at_backups(folder: Path) -> Finding:
    try:
        backup = find_backup(folder)
        manifest = read_manifest(backup)
        measure(backup, manifest)
    except BackupError as error:
        return _no_backup(error, "DIR")
    return _aged(backup.name, manifest)


async def look_at_stored_backups(place: StorePlace) -> Finding:
    try:
        backup, manifest = await find_stored(place)
    except (BackupError, StoreError) as error:
        return _no_backup(error, "s3://BUCKET/PREFIX")
    return _aged(backup.name, manifest)


def _no_backup(error: BackupError | StoreError, to: str) -> Finding:
    said = str(error).partition(". ")[0].rstrip(".") + "."
    return Finding("backups", "wrong", said, f"`networklab backup {to}`, by a timer: docs/backups.md.")


def _aged(name: str, manifest: Manifest) -> Finding:
    age = datetime.now(UTC) - datetime.fromisoformat(manifest.made_at)
    if age > FRESH:
        return Finding(
            "backups",
            "look",
            f"The newest, {name}, is {age.days or 1} days old.",
            "See why the timer makes none any more: `systemctl status` of it, or cron’s mail.",
        )
    return Finding(
        "backups",
        "ok",
        f"The newest, {name}, is {round(age.total_seconds() / 3600)} hours old and complete by its size;"
        " `networklab restore --check` reads it all.",
    )
