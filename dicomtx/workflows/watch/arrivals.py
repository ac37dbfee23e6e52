"""Wakes the run when files arrive. Lost events lose no file, because the folder is read again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Final

STEP: Final = 50  # milliseconds to collect events
DEBOUNCE: Final = 200  # milliseconds after which collected events are reported at the latest
HINT: Final = "events of the system cannot be used ({}), so files are found every {:g} s (--rescan)"


class Arrivals:
    """The paths that changed since they were last asked for."""

    def __init__(self) -> None:
        self._paths: SimpleQueue[str] = SimpleQueue()

    def add(self, path: str) -> None:
        """Notes a path that changed. Any thread may call it."""
        self._paths.put(path)

    def take(self) -> Iterator[str]:
        """Yields the paths, each at least once."""
        try:
            while True:
                yield self._paths.get_nowait()
        except Empty:
            return


@contextmanager
def watching(
    folder: str, arrivals: Arrivals, rescan: float, note: Callable[[str], None]
) -> Iterator[None]:
    """Adds what changes in a folder, at any depth. ``note`` is called if there are no events."""
    try:
        from watchfiles import watch  # noqa: PLC0415 - an extra
    except ImportError:
        note(HINT.format("install them with pip install 'dicomtx[watch]'", rescan))
        yield
        return
    stop = threading.Event()

    def listen() -> None:
        try:
            for changes in watch(
                folder,
                watch_filter=None,
                debounce=DEBOUNCE,
                step=STEP,
                stop_event=stop,
                rust_timeout=1000,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                for _, path in changes:
                    arrivals.add(path)
        except Exception as error:  # noqa: BLE001 - such as no more inotify watches
            note(HINT.format(" ".join(str(error).split()), rescan))

    thread = threading.Thread(target=listen, name="watchfiles", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(2)
