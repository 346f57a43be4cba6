"""Calls handed from one thread to another, which waits for them and makes them.

The engine of durable steps runs a workflow in a thread of its own; the adapters' connections
belong to the thread that opened them, and Ctrl-C reaches only the main one.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from ccstate.model import Json

TAKE_UP_SECONDS = 60.0
"""How long the other thread may take until its first call; a resumed one needs about one."""


class Stopped(BaseException):
    """Ends the other thread as a killed process would: the engine records only Exceptions."""


class Relay:
    def __init__(self) -> None:
        self._calls: queue.Queue[tuple[Callable[[], Json], Future[Json]] | None] = queue.Queue()
        self._closed = threading.Event()
        self._failure: Exception | None = None

    def call(self, do: Callable[[], Json]) -> Json:
        """What `do` returns in the serving thread; raises Stopped where it raised there."""
        result: Future[Json] = Future()
        self._calls.put((do, result))
        if self._closed.is_set():  # after the put: either we see it, or close() sees the call
            raise Stopped
        return result.result()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around all calls: tells the serving thread that there are no more, and why."""
        try:
            yield
        except Exception as error:
            self._failure = error
            raise Stopped from error
        finally:
            self._calls.put(None)

    def serve(self) -> Exception | None:
        """Make the calls until there are no more; what the calling side failed with, if it did.

        Raises what a call raised, just as it raised it.
        """
        patience: float | None = TAKE_UP_SECONDS
        while True:
            try:
                call = self._calls.get(timeout=patience)
            except queue.Empty:
                return TimeoutError(f"nothing was taken up in {TAKE_UP_SECONDS:.0f} s")
            if call is None:
                return self._failure
            patience = None
            do, result = call
            try:
                result.set_result(do())
            except BaseException:
                if not result.done():  # Ctrl-C may come at any point
                    result.set_exception(Stopped())
                raise

    def close(self) -> None:
        """Let no call wait for ever."""
        self._closed.set()
        while not self._calls.empty():
            call = self._calls.get()
            if call is not None:
                call[1].set_exception(Stopped())
