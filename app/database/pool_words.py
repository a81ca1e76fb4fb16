"""What the pool of connections says while the database is away: one sentence, and not each of its attempts."""

from __future__ import annotations

import logging

# Each attempt is a line with the server's address in it, and each connection of the pool makes its own.
LOST = ("error connecting", "reconnection attempt", "discarding", "closing returned connection")


class AwayOnce(logging.Filter):
    """The first word of a loss, in ours; nothing more until somebody has been connected again."""

    away = False

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(LOST):
            return True
        first, self.away = not self.away, True
        record.msg, record.args = "the database hung up or is away: it is asked again until it answers", ()
        return first

    def back(self) -> None:
        self.away = False


words = AwayOnce()
logging.getLogger("psycopg.pool").addFilter(words)
