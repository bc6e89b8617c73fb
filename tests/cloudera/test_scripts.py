"""Scripts from outside: the platform's own Authorization, and Treadle's token beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloudera.launching import ROOT
from tests.cloudera.platform import gate_before
from tests.serving import ADMIN_TOKEN, serve
from treadle.client import connect
from treadle.client.repos import Target
from treadle.errors import Unauthenticated

KEY = "Bearer the-platform-s-own-key"
COMMAND = [sys.executable, "-c", "import sys; from treadle.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An application that is reached with the platform's key alone."""
    with serve("", tmp_path_factory.mktemp("data")) as server, gate_before(server.url, KEY) as gate:
        yield gate


def test_a_program_sends_both(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(url, ADMIN_TOKEN) as client, pytest.raises(Unauthenticated):
        client.who_am_i()
    monkeypatch.setenv("TREADLE_AUTHORIZATION", KEY)
    with connect(url, ADMIN_TOKEN) as client:
        assert client.who_am_i().email == "admin@example.com"
        repo = client.create_repo("images")
        repo.put("a.txt", b"of a script", Target(branch="master"))
        assert repo.read_whole("a.txt") == b"of a script"


def test_a_command_line_sends_both(url: str, tmp_path: Path) -> None:
    variables = {**os.environ, "HOME": str(tmp_path), "TREADLE_AUTHORIZATION": KEY, "TREADLE_URL": url}
    for token, status in ((ADMIN_TOKEN, 0), ("nope", 1)):
        told = {**variables, "TREADLE_TOKEN": token}
        done = subprocess.run([*COMMAND, "repo", "list"], env=told, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
    assert "the-platform-s-own-key" not in done.stderr


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_what_the_guide_tells_to_type_is_answered(url: str) -> None:
    guide = (ROOT / "docs" / "cloudera.md").read_text("utf-8")
    lines = re.findall(r"^curl .*$", guide, re.MULTILINE)
    assert lines
    for line in lines:
        typed = re.sub(r"https://[^/ ]+", url, line).replace("…", ADMIN_TOKEN)
        variables = {**os.environ, "CDSW_APIV2_KEY": KEY.removeprefix("Bearer "), "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(["bash", "-c", f"{typed} -sf"], env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert '"results"' in done.stdout
