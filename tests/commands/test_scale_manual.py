"""Stories of docs/scale.md and compose.scale.yaml: what an administrator copies fits, and is what is told elsewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from app.config import PROJECT
from app.rehearsal.patroni import NAME
from app.rehearsal.server_hosts import haproxy_here, haproxy_settings

COMPOSE = (PROJECT / "compose.scale.yaml").read_text(encoding="utf-8")
MANUAL = (PROJECT / "docs" / "scale.md").read_text(encoding="utf-8")
POOLERS = (PROJECT / "docs" / "poolers.md").read_text(encoding="utf-8")
FAILOVER = (PROJECT / "docs" / "failover.md").read_text(encoding="utf-8")


def content(name: str) -> str:
    """Of one of its configs."""
    [found] = re.findall(rf"^  {name}:\n    content: \|\n((?:      .*\n|\n)+)", COMPOSE, re.MULTILINE)
    return re.sub(r"^      ", "", found, flags=re.MULTILINE)


def services() -> dict[str, str]:
    [found] = re.findall(r"^services:\n(.*?)^configs:$", COMPOSE, re.MULTILINE | re.DOTALL)
    parts = re.split(r"^  (\w+):\n", found, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_haproxy_spreads_requests_as_the_manual_has_it_and_a_drill_does(tmp_path: Path) -> None:
    settings = content("haproxy")
    hosts, _, _ = settings.partition("# Names of containers")
    told = haproxy_settings(":8000", ["host1:8000", "host2:8000"])
    assert hosts.replace(" resolvers containers init-addr libc,none", "").strip() == told.strip()
    if haproxy := haproxy_here():
        (tmp_path / "haproxy.cfg").write_text(re.sub(r"\b(host|db)\d:", "127.0.0.1:", settings))
        done = subprocess.run([haproxy, "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True)
        assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr


def test_each_part_reaches_the_others_by_names_that_are_there() -> None:
    names = services()
    for part in ("haproxy", "host1", "host2", "pgbouncer1", "pgbouncer2", "db1", "db2", "etcd1", "etcd3"):
        assert part in names
    asked = set(re.findall(r"@(\w+):6432", COMPOSE)) | set(re.findall(r"host=(\w+)", content("pgbouncer")))
    asked |= set(re.findall(r"(\w+):(?:2379|2380|8008|5432)\b", COMPOSE)) - {"", "0"}
    assert asked <= {*names} | {"8008", "5432"}, asked - {*names}
    used = set(re.findall(r"source: (\w+)", COMPOSE))
    assert used == set(re.findall(r"^  (\w+):\n    content:", COMPOSE, re.MULTILINE))
    kept = set(re.findall(r"^      - (\w+):/", COMPOSE, re.MULTILINE)) | {"work"}
    assert kept == set(re.findall(r"^  (\w+):$", COMPOSE.partition("\nvolumes:\n")[2], re.MULTILINE))
    assert COMPOSE.count("ports:") == 2, "HAProxy's, and Caddy's: the rest is nobody's to reach"


def test_the_database_is_settled_as_poolers_and_failover_have_it() -> None:
    settled = re.findall(r"^alter role networklab set .*;$", POOLERS, re.MULTILINE)
    assert len(settled) == 4 and all(line in content("make_database") for line in settled)
    for line in re.findall(r"^(?:pool_mode|max_client_conn|default_pool_size) = .*$", POOLERS, re.MULTILINE):
        assert line in content("pgbouncer")
    assert f"scope: {NAME}\n" in content("patroni")
    for line in ("synchronous_mode: true", "use_pg_rewind: true"):
        assert line in content("patroni") and line in FAILOVER


def test_what_the_manual_names_is_there() -> None:
    for file in ("compose.scale.yaml", "app/rehearsal/prices.toml", "bin/server-env"):
        assert file in MANUAL and (PROJECT / file).exists()
    secrets = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    assert secrets == {"POSTGRES_PASSWORD", "PATRONI_PASSWORD"}
    assert "PATRONI_PASSWORD=" in MANUAL and "POSTGRES_PASSWORD=" in (PROJECT / "bin/server-env").read_text()
