"""One request at a time, in the foreground or in a thread of its own."""

import atexit
import threading
from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Set

from .transport import TIMEOUT_SECONDS

_running: Set[threading.Thread] = set()


@atexit.register
def _finish() -> None:
    """A program that ends soon would stop its thread before the answer arrives, at every start.

    It waits for the answer instead, but not longer than for a server that does not answer.
    """
    for thread in list(_running):
        thread.join(TIMEOUT_SECONDS)


class Turn:
    """The turn to ask the server. Only one thread has it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Waits for the turn. Gives False if another thread keeps it for too long."""
        is_taken = self._lock.acquire(timeout=2 * TIMEOUT_SECONDS)
        try:
            yield is_taken
        finally:
            if is_taken:
                self._lock.release()

    def start(self, work: Callable[[], object]) -> None:
        """Runs the work in a daemon thread, unless another thread has the turn."""
        if not self._lock.acquire(blocking=False):
            return
        thread = threading.Thread(target=self._run, args=(work,), name="keyseal", daemon=True)
        _running.add(thread)
        try:
            thread.start()
        except RuntimeError:
            # The interpreter is ending, or the system gives no more threads.
            _running.discard(thread)
            self._lock.release()
        else:
            self._thread = thread

    def wait(self, timeout_seconds: Optional[float]) -> None:
        """Waits until the thread has ended."""
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            self._lock.release()
            _running.discard(threading.current_thread())
