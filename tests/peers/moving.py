"""A stock Label Studio 1.23.2 moved to Treadle, field by field.

``python -m tests.peers.moving --label-studio ls/bin/label-studio`` starts one, fills it with work of three
people, brings it into an empty Treadle and into one with work of its own, twice each, and compares.
``--record`` keeps the conversation for the tests.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.peers.conversation import Conversation, recorded
from tests.peers.moving_facts import differences, ours, theirs
from tests.peers.moving_seed import fill
from tests.peers.stock import label_studio, ok
from tests.serving import ADMIN_TOKEN, serve
from treadle.moving.bringing import Place, Report, bring_all, list_pairs
from treadle.moving.peer import EXPORT, Peer
from treadle.objects.local import LocalObjects
from treadle.settings import Secret

CONVERSATION = Path(__file__).parents[1] / "golden" / "label-studio-1.23.2-moving.json"


def main() -> None:
    """Go once around, and fail where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.moving", description=__doc__)
    parser.add_argument("--label-studio", help="its command, of version 1.23.2: one is started and filled")
    parser.add_argument("--url", help="address of one that runs; it is filled if it has no project")
    parser.add_argument("--record", action="store_true", help="keep the conversation for the tests")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, _client(asked, Path(name) / "ls") as client:
        if ok(client.get("/api/projects/"))["count"] == 0:
            fill(client)
        kept: Conversation = {}
        with recorded(client, kept) as url:
            print(f"Label Studio {ok(client.get('/api/version'))['release']}")
            move(client, url, Path(name) / "empty", is_empty=True)
            move(client, url, Path(name) / "used", is_empty=False)
        if asked.record:
            CONVERSATION.write_text(json.dumps(_first(kept), indent=0, ensure_ascii=False) + "\n", "utf-8")


@contextmanager
def _client(asked: argparse.Namespace, folder: Path) -> Iterator[httpx.Client]:
    if not asked.url:
        with label_studio(asked.label_studio, folder, {}) as client:
            yield client
        return
    headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
    with httpx.Client(base_url=asked.url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


def _first(kept: Conversation) -> Conversation:
    """One answer to each question, and of exports of one project the first alone."""
    exports: set[str] = set()
    found: Conversation = {}
    for name, answers in kept.items():
        below = name.partition("/exports/")[0]
        if "/download" in name and below in exports:
            continue
        exports |= {below} if "/download" in name else set()
        found[name] = answers[:1]
    return found


def move(client: httpx.Client, url: str, folder: Path, *, is_empty: bool) -> None:
    """Bring all of it into a Treadle, compare, and bring it again."""
    print("\nInto an empty Treadle" if is_empty else "\nInto a Treadle with a project of its own")
    email = "" if is_empty else "owner@example.com"
    with serve("", folder, admin_email=email) as server:
        if not is_empty:
            with server.client() as admin:
                made = ok(admin.post("/api/projects/", json={"title": "Ours", "label_config": "<View/>"}))
                ok(admin.post(f"/api/projects/{made['id']}/import", json=[{"data": {"n": 1}}]))
        place = Place(server.database, LocalObjects(folder / "objects"), folder)
        report = bring_all(place, Peer(url, Secret("any")), _nobody)
        _print(report)
        pairs = list(list_pairs(server.database, report.source))
        assert report.keeps_ids is is_empty
        assert all(old == new for _kind, old, new in pairs) is is_empty
        ids = {(kind, new): old for kind, old, new in pairs}
        users = {user["id"]: user["email"] for user in ok(client.get("/api/users/"))}
        compared = 0
        for (kind, new), old in sorted(ids.items()):
            if kind == "project":
                said = theirs(export(client, old), users)
                found = differences(said, ours(server.database, new, ids))
                assert found == [], "\n".join(found)
                compared += sum(len(fields) for fields in said.values())
        print(f"  {compared} fields compared: all the same")
        again = bring_all(place, Peer(url, Secret("any")), _nobody)
        print("  again:")
        _print(again)
        assert again.counts.came == {}


def export(client: httpx.Client, project: int) -> list[dict[str, Any]]:
    """All that Label Studio tells of a project's tasks."""
    made = ok(client.post(f"/api/projects/{project}/exports/", json=EXPORT))
    path = f"/api/projects/{project}/exports/{made['id']}/download"
    told: list[dict[str, Any]] = ok(client.get(path, params={"exportType": "JSON"}))
    return told


def _print(report: Report) -> None:
    for name, counts in (
        ("brought", report.counts.came),
        ("there already", report.counts.there),
        ("not brought", report.counts.left),
    ):
        print(f"  {name}: {', '.join(f'{count} {what}' for what, count in counts.items()) or 'nothing'}")
    assert report.failed == {}


def _nobody(_what: str, _done: int, _total: int) -> None:
    return


if __name__ == "__main__":
    main()
