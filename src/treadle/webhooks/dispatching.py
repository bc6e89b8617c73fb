"""Sends what is due: a thread for each receiver that something waits for, so that none waits for another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from treadle.db import Database, Tx
from treadle.errors import TreadleError
from treadle.ids import new_uuid
from treadle.webhooks import deliveries, queues
from treadle.webhooks.deliveries import Delivery
from treadle.webhooks.queues import Claim
from treadle.webhooks.receivers import Answer, Audience, Queue, Way
from treadle.webhooks.retrying import judge

logger = logging.getLogger(__name__)

#: So many webhooks are sent to at once at the most, and as many backends: who hangs keeps no hook waiting.
_MOST = 50
#: Until it is known how long a receiver may take.
_FIRST_S = 10.0


@dataclass(frozen=True)
class _Turn:
    """One delivery, and the way that it goes."""

    queue: Queue
    audience: Audience
    way: Way
    delivery: Delivery


class Dispatcher:
    """Sends from every queue what is due."""

    def __init__(self, database: Database, audiences: Sequence[Audience]) -> None:
        self._database = database
        self._audiences = audiences
        #: The queues that are sent from: of webhooks, and of backends.
        self._busy: dict[bool, set[int]] = {False: set(), True: set()}

    def look(self) -> None:
        """Begin to send from each queue from which nobody does."""
        with self._database.read() as tx:
            due = queues.list_due(tx)
        for queue_id, is_backend in due.items():
            busy = self._busy[is_backend]
            if queue_id not in busy and len(busy) < _MOST:
                busy.add(queue_id)
                name, of = f"webhooks-{queue_id}", (queue_id, busy)
                threading.Thread(target=self._work, args=of, name=name, daemon=True).start()

    def _work(self, queue_id: int, busy: set[int]) -> None:
        try:
            self.drain(queue_id)
        except (DBAPIError, OSError, TreadleError) as error:
            logger.warning("A queue of webhooks waits", extra={"queue": queue_id, "error": str(error)})
        finally:
            busy.discard(queue_id)

    def drain(self, queue_id: int) -> None:
        """Send from the queue until nothing is due, or its receiver is left alone for a while."""
        mine = Claim(queue_id, new_uuid())
        turn = self._take(mine)
        while turn is not None:
            turn = self._go_on(mine, turn, turn.way.send(turn.delivery.parcel))

    def _take(self, mine: Claim) -> _Turn | None:
        with self._database.write() as tx:
            return self._next(tx, mine, _FIRST_S)

    def _go_on(self, mine: Claim, turn: _Turn, answer: Answer) -> _Turn | None:
        """Write down what came of it and take the next, in one transaction."""
        with self._database.write() as tx:
            self._settle(tx, turn, answer)
            return self._next(tx, mine, turn.way.most_s)

    def _settle(self, tx: Tx, turn: _Turn, answer: Answer) -> None:
        queue = queues.get(tx, turn.queue.id)
        if queue is None:
            return
        delivery = turn.delivery
        attempt = delivery.attempts + 1
        verdict = judge(answer, queue, attempt=attempt, created_at=delivery.created_at, now=tx.now)
        deliveries.note(tx, delivery, answer, verdict)
        queues.note(tx, queue, verdict)
        if verdict.gives_up:
            turn.audience.give_up(tx, queue)

    def _next(self, tx: Tx, mine: Claim, most_s: float) -> _Turn | None:
        queue = queues.claim(tx, mine, most_s)
        turn = None if queue is None else self._turn(tx, queue)
        if turn is None:
            queues.release(tx, mine)
        elif turn.way.most_s > most_s:
            queues.claim(tx, mine, turn.way.most_s)
        return turn

    def _turn(self, tx: Tx, queue: Queue) -> _Turn | None:
        delivery = deliveries.take_next(tx, queue.id)
        if delivery is None:
            return None
        for audience in self._audiences:
            way = audience.open_way(tx, queue)
            if way is not None:
                return _Turn(queue, audience, way, delivery)
        deliveries.drop_waiting(tx, queue.id, "Its receiver is told nothing any more.")
        return None
