"""Every route of repos, in one tuple: commands on a data folder need no other, and import no other."""

from __future__ import annotations

from treadle.web import (
    routes_repos,
    routes_repos_archives,
    routes_repos_files,
    routes_repos_history,
    routes_repos_refs,
    routes_repos_upkeep,
)
from treadle.web.routing import Route

ROUTES: tuple[Route, ...] = (
    *routes_repos.ROUTES,
    *routes_repos_refs.ROUTES,
    *routes_repos_files.ROUTES,
    *routes_repos_archives.ROUTES,
    *routes_repos_history.ROUTES,
    *routes_repos_upkeep.ROUTES,
)
