"""How a command ends that somebody, or the machine, ends: in order, as at Ctrl-C, whichever of these they sent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What a closed terminal sends, and what `kill` and a machine that shuts down do. Both would end Python on the spot, and
# leave behind the Postgres that this command started, and open what it had begun.
ENDING = (signal.SIGHUP, signal.SIGTERM)


@contextmanager
def ended_in_order() -> Iterator[list[int]]:
    """Turns each into a KeyboardInterrupt, which closes what is open. Yields those that came.

    Whoever was started to outlive its terminal (`nohup`) does; who listens to them as `serve` does is not disturbed.
    """
    came: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            return  # whoever hangs up a shell, or a group, often sends it twice: what is being closed goes on
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as of what a script starts with `&`
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():  # only there may anybody listen
        yield came
        return
    heard = [one for one in ENDING if signal.getsignal(one) == signal.SIG_DFL]
    for one in heard:
        signal.signal(one, hear)
    try:
        yield came
    finally:
        for one in heard:
            signal.signal(one, signal.SIG_DFL)
