"""The front process: it listens, answers, and keeps the others alive."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable

import uvloop

from treadle.errors import Invalid, telling_a_full_disk
from treadle.ml.serving.app import Application
from treadle.ml.serving.connections import Front
from treadle.ml.serving.logs import start_logging
from treadle.ml.serving.measures import Measures
from treadle.ml.serving.options import Options
from treadle.ml.serving.pool import Pool
from treadle.ml.serving.projects import Projects
from treadle.ml.serving.trainings import Trainings

logger = logging.getLogger("treadle.ml")
_DRAIN_S = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: How many of the projects of former starts are made ready at once.
_WARM_PROJECTS = 4
_LOOKS = 10


def serve(
    options: Options, listening: socket.socket, *, may_leave: Callable[[], bool] = lambda: True
) -> None:
    """Serve on a socket until a signal ends it, or it has been idle for as long as the options say.

    may_leave: asked before it ends for idleness; whether nobody is on the way. Raises
    Invalid("model-broken") where the file has no model that can be served.
    """
    start_logging(options.log_level, "serve")
    with telling_a_full_disk("the folder of versions"):
        options.model_dir.mkdir(parents=True, exist_ok=True)
    measures = Measures()
    projects = Projects(options.model_dir)
    server = _Server(options, projects, measures, may_leave)
    number = uvloop.run(server.run(listening))
    if server.reason:
        raise Invalid("model-broken", f"{options.model} cannot be served: {server.reason}")
    if number:
        signal.raise_signal(number)


class _Server:
    def __init__(
        self, options: Options, projects: Projects, measures: Measures, may_leave: Callable[[], bool]
    ) -> None:
        self._projects = projects
        self._idle_s = options.idle_s
        self._measures = measures
        self._may_leave = may_leave
        self._pool = Pool(options, measures, self._give_up)
        self._trainings = Trainings(options, projects, self._pool, measures)
        app = Application(options, projects, self._pool, trainings=self._trainings, measures=measures)
        self._front = Front(app)
        self._signal = 0
        #: Why it gave up; "" for no such reason.
        self.reason = ""

    async def run(self, listening: socket.socket) -> int:
        """Serve until something ends it; the number of the signal that did, 0 for none."""
        self._over = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._end_by, number)
        await self._pool.start()
        await self._front.start(listening)
        warming = asyncio.create_task(self._warm_up())
        if self._idle_s:
            self._watch_idleness()
        await self._over.wait()
        await self._front.end(_DRAIN_S)
        warming.cancel()
        await self._trainings.close()
        await self._pool.close()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        return self._signal

    def _end_by(self, number: int) -> None:
        self._signal = number
        self._over.set()

    async def _warm_up(self) -> None:
        """Make ready what was served before, and go on with what waited."""
        known = await asyncio.to_thread(self._projects.remember)
        self._trainings.resume()
        loads = [
            self._pool.load(project.project(project.setup, ""), project.version(project.setup, ""))
            for project in known[:_WARM_PROJECTS]
        ]
        for answer in await asyncio.gather(*loads, return_exceptions=True):
            if isinstance(answer, Exception):
                logger.warning("A model could not be made ready: %s", answer)

    def _watch_idleness(self) -> None:
        is_busy = self._pool.asking or self._trainings.running or self._trainings.waiting
        if not is_busy and self._measures.quiet_s() >= self._idle_s and self._may_leave():
            logger.info("Nobody has asked for %.0f s: the server ends.", self._idle_s)
            self._over.set()
            return
        asyncio.get_running_loop().call_later(self._idle_s / _LOOKS, self._watch_idleness)

    def _give_up(self, reason: str) -> None:
        self.reason = reason
        self._over.set()
