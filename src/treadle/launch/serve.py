"""The command that starts the parts, watches them, and ends them."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from types import FrameType

from treadle.backups.unfinished import check_is_whole
from treadle.errors import TreadleError
from treadle.launch.children import Child
from treadle.launch.first_sign_in import FirstSignIn, make_first_sign_in, with_first_sign_in
from treadle.launch.health import HealthQuestion
from treadle.launch.leftovers import clear_leftovers
from treadle.launch.listening import address_of, listen, listen_for_s3, listen_locally, reachable
from treadle.launch.lock import DataDirLock, Holder
from treadle.launch.logs import start_logging
from treadle.launch.refusals import EXIT_REFUSED
from treadle.launch.stale import take_over
from treadle.local_socket import FILE_NAME
from treadle.settings import Secret, Settings

logger = logging.getLogger(__name__)

_WAIT_S = 5.0
_DRAIN_S = 10.0
_ASK_AGAIN_S = 0.05
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve(settings: Settings) -> int:
    """Serve until a signal ends it; the exit status.

    Raises Conflict("data-dir-held", "port-taken", "restore-unfinished"), Unavailable("data-dir-unusable"),
    Invalid("host").
    """
    os.umask(0o077)
    start_logging(settings, "serve")
    lock = take_over(settings.data_dir)
    try:
        check_is_whole(settings.data_dir)
        _hold(lock, settings)
        listening = listen(settings.host, settings.port, _WAIT_S)
        of_s3 = listen_for_s3(settings, _WAIT_S)
        local = listen_locally(settings.data_dir)
    except TreadleError:
        lock.release()
        raise
    settings = replace(settings, port=listening.getsockname()[1])
    _hold(lock, settings)
    clear_leftovers(settings.data_dir)
    sign_in = make_first_sign_in(settings)
    status = Supervisor(
        with_first_sign_in(settings, sign_in), (listening, local, *of_s3), lock, sign_in
    ).run()
    (settings.data_dir / FILE_NAME).unlink(missing_ok=True)
    return status


def _hold(lock: DataDirLock, settings: Settings, *, has_answered: bool = False) -> None:
    started_at = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    where = (settings.host, settings.port)
    lock.write(Holder(os.getpid(), *where, started_at, socket.gethostname(), has_answered))


class Supervisor:
    """Watches the parts. One thread, no polling: it sleeps until a child, a signal or the clock wakes it."""

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[socket.socket],
        lock: DataDirLock,
        sign_in: FirstSignIn | None,
    ) -> None:
        """sockets: of the network, the one in the data folder, and that of S3 alone if there is one."""
        self._settings = settings
        self._lock = lock
        self._listening = sockets[0]
        self._sockets = sockets  # open as long as this is
        self._sign_in = sign_in
        #: The reading end is the children's; the writing end closes when this process ends.
        self._tether, self._tether_end = os.pipe()
        # A child keeps the lock as well, so that nobody else begins before the last of ours has ended.
        kept = (lock.descriptor,)
        self._web = Child("web", (self._tether, *(each.fileno() for each in sockets)), kept, settings)
        without_secrets = replace(settings, admin_password=Secret(""), admin_token=Secret(""))
        self._worker = Child("worker", (self._tether,), kept, without_secrets)
        self._samples = Child("samples", (self._tether,), kept, without_secrets)
        self._selector = selectors.DefaultSelector()
        self._question: HealthQuestion | None = None
        self._ask_at_s: float | None = None
        self._is_healthy = False
        self._is_ending = False
        self._is_urgent = False
        self._status = 0

    def run(self) -> int:
        """Start the parts and watch them until a signal; the exit status."""
        self._listen_to_signals()
        self._web.start()
        self._ask_at_s = time.monotonic()
        while not self._is_ending:
            self._start_what_is_due()
            for key, _ in self._selector.select(self._time_to_next()):
                key.data()
            self._collect()
        self._end()
        return self._status

    def _listen_to_signals(self) -> None:
        wakeup, wakeup_end = socket.socketpair()
        for end in (wakeup, wakeup_end):
            end.setblocking(False)
        signal.set_wakeup_fd(wakeup_end.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:  # nohup means it
                signal.signal(number, self._begin_to_end)
        self._wakeups = (wakeup, wakeup_end)
        self._selector.register(wakeup, selectors.EVENT_READ, lambda: wakeup.recv(4096))

    def _begin_to_end(self, _number: int, _frame: FrameType | None) -> None:
        self._is_urgent = self._is_ending
        self._is_ending = True

    @property
    def _children(self) -> tuple[Child, ...]:
        return (self._web, self._worker, self._samples)

    def _time_to_next(self) -> float | None:
        due_s = [at_s for at_s in (self._ask_at_s, *(child.start_at_s for child in self._children)) if at_s]
        return max(0.0, min(due_s) - time.monotonic()) if due_s else None

    def _start_what_is_due(self) -> None:
        now_s = time.monotonic()
        for child in self._children:
            if child.start_at_s is not None and child.start_at_s <= now_s:
                child.start()
        if self._ask_at_s is not None and self._ask_at_s <= now_s:
            self._ask()

    def _ask(self) -> None:
        self._ask_at_s = None
        try:
            self._question = HealthQuestion(*reachable(self._listening))
        except OSError:
            self._ask_at_s = time.monotonic() + _ASK_AGAIN_S
            return
        self._selector.register(self._question.connection, selectors.EVENT_READ, self._hear)

    def _hear(self) -> None:
        question, self._question = self._question, None
        if question is None:
            return
        self._selector.unregister(question.connection)
        is_well = question.is_answered_well()
        question.close()
        if self._is_ending:  # an answer that comes late starts nothing, which nobody would end
            return
        if not is_well:
            self._ask_at_s = time.monotonic() + _ASK_AGAIN_S
            return
        self._is_healthy = True
        self._note_answer()
        self._announce(address_of(self._listening))
        self._worker.start()
        if self._settings.with_samples:
            self._samples.start()

    def _note_answer(self) -> None:
        try:
            _hold(self._lock, self._settings, has_answered=True)
        except TreadleError as error:  # a disk that is full is no reason to end
            logger.warning(error.message)

    def _announce(self, address: str) -> None:
        if self._settings.log_format == "json":  # whoever collects lines takes objects alone
            folder = str(self._settings.data_dir.resolve())
            logger.info("Treadle is ready", extra={"address": address, "data_dir": folder})
        else:
            print(announcement(self._settings, address, self._sign_in), flush=True)

    def _collect(self) -> None:
        for child in self._children:
            status = child.collect()
            if status is not None and not self._is_ending:
                self._see_to(child, status)

    def _see_to(self, child: Child, status: int) -> None:
        if child is self._samples:
            return
        if status == EXIT_REFUSED and not self._is_healthy:
            self._is_ending, self._status = True, 1
            return
        pause_s = child.plan_restart()
        logger.warning(
            "The %s process ended and is started again in %.1f s",
            child.name,
            pause_s,
            extra={"status": status},
        )

    def _end(self) -> None:
        """Ask the parts to end, let the web process answer what is on its way, and insist
        when that takes long or a second signal comes."""
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline_s = time.monotonic() + _DRAIN_S
        while any(child.process for child in self._children):
            if self._is_urgent or time.monotonic() >= deadline_s:
                for child in self._children:
                    child.signal(signal.SIGKILL)
            for key, _ in self._selector.select(0.5):
                key.data()
            for child in self._children:
                child.collect()


def announcement(settings: Settings, address: str, sign_in: FirstSignIn | None) -> str:
    """What a person reads once the server answers."""
    lines = ["", f"  Treadle is ready:  {address}"]
    if sign_in is not None:
        lines += [
            f"  Sign in as:        {sign_in.email}",
            f"  Password:          {sign_in.password.reveal()}  (until you change it)",
        ]
    lines += [f"  Data folder:       {settings.data_dir.resolve()}", "  Ctrl-C ends it.", ""]
    return "\n".join(lines)
