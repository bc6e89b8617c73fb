"""Every route of the server, in one tuple."""

from __future__ import annotations

from treadle.web import routes_session
from treadle.web.routing import Route

ROUTES: tuple[Route, ...] = (*routes_session.ROUTES,)
