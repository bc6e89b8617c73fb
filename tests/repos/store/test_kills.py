"""A process that is killed while it writes: what was published before is whole, what was not is nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.repos.store.repo import PREFIX, Repo
from treadle.objects import LocalObjects
from treadle.repos.failpoints import VARIABLE

STEPS = (
    "put.chunk-written",
    "put.chunks-durable",
    "finish.half-pack",
    "finish.pack-without-index",
    "finish.packs-written",
)

#: Publishes twice, and tells the pack as soon as it is published; each time a small and a large content.
WRITE_TWICE = f"""
import sys
from pathlib import Path
from treadle.objects import LocalObjects
from treadle.repos.contents import Contents

contents = Contents(LocalObjects(Path(sys.argv[1])), {PREFIX!r})
for text in (b"first", b"second"):
    writer = contents.writer()
    ids = [writer.put(text), writer.put(text * 50_000)]
    print(writer.publish()[0].name, *(id.hex() for id in ids), flush=True)
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_while_writing_leaves_what_was_published(tmp_path: Path, step: str) -> None:
    child = [sys.executable, "-c", WRITE_TWICE, str(tmp_path)]
    killed = subprocess.run(child, env={VARIABLE: f"{step}:2=kill"}, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    ((pack, *ids),) = (line.split() for line in killed.stdout.splitlines())
    repo = Repo(LocalObjects(tmp_path))
    repo.packs = [pack]
    repo.reopen()
    assert repo.contents.read_many([bytes.fromhex(id) for id in ids]) == [b"first", b"first" * 50_000]
    assert list(repo.contents.check_pack(pack)) == []
    again = [repo.put(b"second"), repo.put(b"second" * 50_000)]
    assert repo.contents.read_many(again) == [b"second", b"second" * 50_000]
