"""Objects that were got a moment ago are got again without a thread: nothing of it waits."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from datetime import datetime, timezone

from treadle.errors import TreadleError
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.entrance import Entrance
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.operations import find_operation
from treadle.gateways.s3.reading import get_at_once, get_object
from treadle.gateways.s3.signatures import read_claim
from treadle.gateways.s3.visit import Answer, S3Parts, Visit
from treadle.repos.snapshots import OpenFile

_MOST = 4_096
_Place = tuple[int, str | None, str]


class AtOnce:
    """Remembers what finished commits hold. Who may read it is asked each time."""

    def __init__(self, parts: S3Parts, entrance: Entrance) -> None:
        self._parts = parts
        self._entrance = entrance
        self._settled: OrderedDict[_Place, OpenFile] = OrderedDict()
        self._keys: Counter[str] = Counter()  # of all of them; for others nothing is looked at
        self._lock = threading.Lock()

    def note(self, visit: Visit) -> None:
        """What a visit has read can be read at once from now on; in any thread."""
        with self._lock:
            for found in visit.settled:
                place = _place(visit)
                self._keys[visit.asked.key] += place not in self._settled
                self._settled[place] = found
                self._settled.move_to_end(place)
            while len(self._settled) > _MOST:
                (_repo, _commit, key), _found = self._settled.popitem(last=False)
                self._keys[key] -= 1
                if not self._keys[key]:
                    del self._keys[key]

    def answer(self, asked: Asked) -> Answer | None:
        """The answer to a GET of an object; None where a thread is to look, or to refuse."""
        if asked.key not in self._keys:
            return None
        try:
            operation = find_operation(asked)
            if operation.answer is not get_object:
                return None
            claim = read_claim(asked, datetime.now(timezone.utc))
            admitted = self._entrance.recall(asked, claim, operation)
            if admitted is None:
                return None
            visit = Visit(self._parts, asked, admitted.holder, admitted.signed, iter(()), admitted.bucket)
            found = self._settled.get(_place(visit))
            return None if found is None else get_at_once(visit, found)
        except (S3Error, TreadleError):
            return None


def _place(visit: Visit) -> _Place:
    return visit.bucket.repo_id, visit.bucket.commit, visit.asked.key
