"""The list of how our own paths begin is whole."""

from __future__ import annotations

import re

from tests.laws.source import ROOT
from treadle.gateways.s3.asked import MOUNT
from treadle.tracking.mounts import is_tracking_path
from treadle.web.own_roots import OWN_ROOTS
from treadle.web.routes import AREAS

ROUTER = ROOT / "frontend" / "src" / "app" / "router.tsx"


def test_every_route_begins_with_one_of_them() -> None:
    begin = {root.split("/")[1] for area in AREAS for root in area.roots}
    assert begin - OWN_ROOTS == set()
    assert MOUNT.strip("/") in OWN_ROOTS
    of_mlflow = ("ajax-api", "graphql", "get-artifact", "model-versions", "v1", "gateway", "mlflow")
    assert set(of_mlflow) <= OWN_ROOTS
    assert is_tracking_path("/graphql")


def test_every_page_begins_with_one_of_them() -> None:
    text = ROUTER.read_text("utf-8")
    top = re.findall(r"getParentRoute: \(\) => (?:root|inside), path: '/([\w-]+)", text)
    elsewhere = re.findall(r"\['/([\w-]+)[^']*', '/", text)
    assert len(top) > 20
    assert {*top, *elsewhere} - OWN_ROOTS == set()
