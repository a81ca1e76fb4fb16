"""All of a session, out of tables that have all: what that takes grows with this one, not with those before it."""

from app.database.connections import Connection
from app.database.queries import Queries

SQL = Queries(__name__)


async def read_whole_session(conn: Connection) -> None:
    """From here to the end of this transaction statements are planned as for those that ask for all rows of a session.

    Of tables that are known by room, indexes as `record_session` say which pages have rows of it (sql/migrations/0079).
    """
    await conn.execute(SQL["plan_for_one"])
