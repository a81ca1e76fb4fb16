"""Templates as they were compiled, kept on this machine for the processes that come after.

All that a player can be shown takes a process a second to compile, and as much again for each language and for each
study with pages of its own. Whoever came first waited for it, and with them everybody else of that process.
"""

from __future__ import annotations

import logging
from contextlib import suppress

import jinja2
from jinja2 import Environment
from jinja2.bccache import Bucket, FileSystemBytecodeCache

from app.web.kept import kept

logger = logging.getLogger(__name__)


class Compiled(FileSystemBytecodeCache):
    """In a folder of this user that nobody else can open. A file a template, good for the text that it was made of."""

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        # What is compiled for a study's pages asks the sandbox before each call; what is compiled for ours does not.
        # Where something is done to each value, it is called there: another version may know nothing of that.
        kind = "sandboxed" if environment.sandboxed else "plain"
        kind += " finalized" if environment.finalize else ""
        return super().get_bucket(environment, f"{jinja2.__version__} {kind} {name}", filename, source)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # a full disk, or one that can't be written to
            super().dump_bytecode(bucket)


@kept()
def compiled() -> Compiled | None:
    """None where there is no such folder: then each process compiles for itself."""
    try:
        return Compiled()
    except (OSError, RuntimeError) as error:
        logger.warning("templates are compiled by each process for itself: %s", error)
        return None
