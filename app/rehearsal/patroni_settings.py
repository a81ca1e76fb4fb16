"""What a Patroni is told of its cluster: commits wait for the standby, and all else is as Patroni has it usually.

It gives a primary up after 30 s without a sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def patroni_settings(
    scope: str, name: str, folder: Path, rest: str, postgres: str, hosts: Sequence[str], bin: Path
) -> dict[str, Any]:
    """`rest` and `postgres`: where this one answers; `hosts`: where etcd does; `bin`: where Postgres's programs are."""
    return {
        "scope": scope,
        "name": name,
        "restapi": {"listen": rest, "connect_address": rest},
        "etcd3": {"hosts": hosts},
        "bootstrap": {
            "dcs": {
                "synchronous_mode": True,
                "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 100}},
            },
            "initdb": ["data-checksums", {"encoding": "UTF8"}, {"locale": "C"}, {"auth": "trust"}],
        },
        "postgresql": {
            "listen": postgres,
            "connect_address": postgres,
            "data_dir": str(folder / "data"),
            "bin_dir": str(bin),
            "pgpass": str(folder / "pgpass"),
            "basebackup": [{"checkpoint": "fast"}],
            "remove_data_directory_on_rewind_failure": True,
            "authentication": {
                "superuser": {"username": "postgres", "password": "none"},
                "replication": {"username": "replicator", "password": "none"},
            },
            "parameters": {
                "unix_socket_directories": str(folder),
                "max_wal_size": "256MB",
                "min_wal_size": "80MB",
            },
            "pg_hba": [
                "local all all trust",
                "host all all 0.0.0.0/0 trust",
                "host replication all 0.0.0.0/0 trust",
            ],
        },
    }
