"""What a drill does to two machines that Patroni looks after. Each fault ends with both in step again.

Patroni gives a primary up that has given no sign for 30 s, and looks every 10 s: what is to be noticed lasts longer.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

from app.database.embedded import EmbeddedError
from app.rehearsal.own_world import fill_up, switch_logs
from app.rehearsal.patroni import PatroniCluster
from app.rehearsal.programs import descendants

Fault = Callable[[PatroniCluster], None]
NOTICED = 45.0  # seconds after which Patroni has noticed, and has done what it does
OLD = 10.0  # seconds for which things stay as they are after that: an old primary beside the new one, say


def kill_the_primary(cluster: PatroniCluster) -> None:
    """Its Postgres alone, which Patroni starts again."""
    machine = cluster.primary()
    if (pid := machine.postmaster) is None:
        raise EmbeddedError(f"the Postgres of {machine.name} was not running, so that it could not be killed")
    os.kill(pid, signal.SIGKILL)
    time.sleep(1)
    cluster.until_whole()


def lose_its_machine(cluster: PatroniCluster) -> None:
    """It comes back as one that was repaired, after the other has taken over."""
    machine = cluster.primary()
    cluster.kill(machine)
    try:
        cluster.until_led_by(cluster.other(machine))
    finally:
        cluster.start(machine)
    cluster.until_whole()


def freeze_its_machine(cluster: PatroniCluster) -> None:
    """It wakes up as one that has not noticed anything."""
    machine = cluster.primary()
    cluster.freeze(machine)
    try:
        cluster.until_led_by(cluster.other(machine))
    finally:
        cluster.thaw(machine)
    cluster.until_whole()


def cut_its_machine_off(cluster: PatroniCluster) -> None:
    """It is alive all the while, and still thinks for some of it that it is the primary."""
    machine = cluster.primary()
    cluster.cut_off(machine)
    try:
        cluster.until_led_by(cluster.other(machine))
        time.sleep(OLD)
    finally:
        cluster.cut_off(machine, False)
    cluster.until_whole()


def lose_the_standby(cluster: PatroniCluster) -> None:
    """Commits wait for it until Patroni lets the primary go on alone."""
    machine = cluster.other(cluster.primary())
    cluster.kill(machine)
    try:
        cluster.until_alone()
        time.sleep(OLD)
    finally:
        cluster.start(machine)
    cluster.until_whole()


def fill_its_disk(cluster: PatroniCluster) -> None:
    """A Postgres that can't write its log ends itself, and can't start. Somebody makes room after the other leads.
    Raises EmbeddedError where nothing came of it.
    """
    machine = cluster.primary()
    postmaster, other = machine.postmaster, cluster.other(machine).name
    ballast = machine.folder / "ballast"
    ended = led = False
    try:
        deadline = time.monotonic() + NOTICED
        while not led and time.monotonic() < deadline:
            fill_up(ballast)  # what it gives back as it begins anew, it could go on with
            if not ended:  # one that takes no connection just now has its files in stock still
                switch_logs(f"{cluster.url} user=postgres connect_timeout=2")
            time.sleep(0.5)
            ended = ended or not descendants(postmaster)
            led = cluster.roles().get(other) == "leader"
    finally:
        ballast.unlink(missing_ok=True)
    if not (ended or led):
        raise EmbeddedError(
            f"for {NOTICED:.0f} s nothing came of it that the disk of {machine.name} was full"
        )
    cluster.until_whole()


def switch_over(cluster: PatroniCluster) -> None:
    other = cluster.other(cluster.primary())
    cluster.switch_over()
    cluster.until_led_by(other)
    cluster.until_whole()


def take_the_majority_of_etcd(cluster: PatroniCluster) -> None:
    """A primary that can't prove that it is the one takes no writes, and nobody else becomes one."""
    for nth in (0, 1):
        cluster.stop_witness(nth)
    try:
        cluster.until_nobody_leads()
        time.sleep(OLD)
    finally:
        for nth in (0, 1):
            cluster.start_witness(nth)
    cluster.until_whole()


FAULTS: dict[str, Fault] = {
    "the primary was killed": kill_the_primary,
    "the primary's machine was lost": lose_its_machine,
    "the primary's machine froze": freeze_its_machine,
    "the primary was cut off": cut_its_machine_off,
    "the primary's disk was full": fill_its_disk,
    "the standby was lost": lose_the_standby,
    "a switchover was asked for": switch_over,
    "etcd lost its majority": take_the_majority_of_etcd,
}


def possible_with(cluster: PatroniCluster) -> Iterator[str]:
    for name, fault in FAULTS.items():
        if fault is cut_its_machine_off and not cluster.networks:
            continue
        if fault is fill_its_disk and not cluster.small_disks:
            continue
        yield name
