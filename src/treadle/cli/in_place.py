"""Jobs of a data folder that nobody serves: run at once, where a server leaves them to its worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import msgspec

from treadle.connectors.upkeep import FSCK_JOB, GC_JOB
from treadle.jobs import JobKind, JobParts, run_in_place
from treadle.web import routes_jobs, routes_repos_upkeep
from treadle.web.call import Call
from treadle.web.routing import Reply, Route

_ORDERS = {"/api/repos/{id}/gc/": GC_JOB, "/api/repos/{id}/fsck/": FSCK_JOB}
Handler = Callable[[Call], Reply]


def _at_once(handler: Handler, kind: JobKind) -> Handler:
    def answer(call: Call) -> Reply:
        reply = handler(call)
        parts = JobParts(call.parts.database, call.parts.objects, call.parts.settings)
        run_in_place(parts, kind, msgspec.json.decode(reply.body, type=dict[str, str])["job"])
        return reply

    return answer


ROUTES: tuple[Route, ...] = (
    *routes_jobs.ROUTES,
    *(
        replace(each, handler=_at_once(cast(Handler, each.handler), _ORDERS[each.path]))
        for each in routes_repos_upkeep.ROUTES
        if each.path in _ORDERS
    ),
)
