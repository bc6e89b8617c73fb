"""Every route of repos, in one tuple: commands on a data folder need no other, and import no other."""

from __future__ import annotations

from treadle.web import routes_repos, routes_repos_refs
from treadle.web.routing import Route

ROUTES: tuple[Route, ...] = (*routes_repos.ROUTES, *routes_repos_refs.ROUTES)
