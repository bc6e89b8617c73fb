"""What the door costs: its check where there are very many, and its weight where nobody tracks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from benchmarks.processes import memory_mib
from benchmarks.rows import Row
from benchmarks.servers import treadle
from benchmarks.tracking.servers import API
from benchmarks.tracking.starting import tracking_pids
from treadle.access.identities import hash_secret
from treadle.access.wrong_credentials import WrongCredentials
from treadle.db import Database, Tx, connect_url, migrate
from treadle.db.schema import memberships, tokens, users, workspaces
from treadle.settings import Secret, Settings
from treadle.tracking.asked import Asked, read_asked
from treadle.tracking.entrance import Entrance, Keys

Tell = Callable[[str], None]
_ASKS, _ROUNDS = 200, 5
_PATH = "/api/2.0/mlflow/runs/log-metric"
_TOKEN = "tdl_{}"
_UNAUTHENTICATED = 401
#: What a web process has of the door before anybody comes to it.
_WEIGHED = """
import json, sys, time
from pathlib import Path
import treadle.web.app

def own_kib():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

before, began_s = own_kib(), time.process_time()
import treadle.tracking.mounts
print(json.dumps([(own_kib() - before) / 1000, (time.process_time() - began_s) * 1000]))
assert not {"mlflow", "treadle.tracking.door"} & set(sys.modules)
"""


def measure_weight(tell: Tell) -> list[Row]:
    """What the door adds to a server that nobody tracks with, and once it has turned somebody away."""
    tell("a server that nobody tracks with")
    told = subprocess.run([sys.executable, "-c", _WEIGHED], check=True, capture_output=True, text=True)
    added_mib, took_ms = json.loads(told.stdout)
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as folder,
        treadle(Path(folder)) as server,
        server.client() as client,
    ):
        client.get("/api/projects/").raise_for_status()
        server.wait_until_idle()
        before = memory_mib(server.pids())
        del client.headers["Authorization"]
        assert client.get(f"{API}/experiments/search").status_code == _UNAUTHENTICATED
        server.wait_until_idle()
        assert tracking_pids(server) == []
        turned_mib = memory_mib(server.pids()) - before
    return [
        Row("the door of a server nobody tracks with", "MB", added_mib, None, 5, "5 MB"),
        Row("the same, at the start", "ms CPU", took_ms, None, 50, "50 ms"),
        Row("the same, once it has turned somebody away", "MiB PSS", turned_mib),
    ]


def measure_check(tell: Tell, people: int, places: int) -> list[Row]:
    """The check of a token of one who is in every workspace, seen before and not."""
    tell(f"the door's check, {people:,} tokens, {places:,} workspaces")
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as folder:
        database = Database.open(connect_url(Path(folder, "treadle.sqlite3")))
        try:
            migrate(database)
            with database.write() as tx:
                _fill(tx, people, places)
            keys = Keys(Settings(data_dir=Path(folder)), Secret("k" * 32), WrongCredentials())
            asked = _asked(people // 2, places // 2)
            known = Entrance(database, keys)
            known.admit(asked)
            known_ms = _cpu_ms(lambda: known.recall(asked) or known.admit(asked))
            strange_ms = _cpu_ms(lambda: Entrance(database, keys).admit(asked))
        finally:
            database.close()
    beside = f"{people:,} tokens, {places:,} workspaces"
    return [
        Row(f"the door's check, remembered; {beside}", "ms CPU", known_ms, None, 0.2, "0.2 ms"),
        Row("the same, not remembered", "ms CPU", strange_ms, None, 0.2, "0.2 ms"),
    ]


def _fill(tx: Tx, people: int, places: int) -> None:
    """A person of everywhere, whose tokens they all are."""
    at = tx.now
    tx.execute(insert(users), [{"id": 1, "email": "a@example.com", "created_at": at, "last_activity_at": at}])
    tx.execute(insert(workspaces), [{"name": f"w{each}", "created_at": at} for each in range(places)])
    ids = [row[0] for row in tx.execute(workspaces.select().with_only_columns(workspaces.c.id)).all()]
    tx.execute(
        insert(memberships),
        [{"workspace_id": each, "user_id": 1, "role": "editor", "created_at": at} for each in ids],
    )
    made = {"user_id": 1, "kind": "personal", "name": "t", "created_at": at, "last_used_at": at}
    tx.execute(
        insert(tokens), [{**made, "token_hash": hash_secret(_TOKEN.format(each))} for each in range(people)]
    )


def _asked(token: int, place: int) -> Asked:
    headers = [
        (b"authorization", f"Bearer {_TOKEN.format(token)}".encode()),
        (b"x-mlflow-workspace", f"w{place}".encode()),
    ]
    return read_asked({"method": "POST", "path": _PATH, "headers": headers, "client": ("192.0.2.1", 1)})


def _cpu_ms(act: Callable[[], object]) -> float:
    def round_ms() -> float:
        began_s = time.process_time()
        for _ in range(_ASKS):
            act()
        return (time.process_time() - began_s) / _ASKS * 1000

    round_ms()
    return median(round_ms() for _ in range(_ROUNDS))
