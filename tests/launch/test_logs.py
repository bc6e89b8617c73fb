"""What the log says, and what it never does."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.launch.conftest import ROOT
from tests.serving import ADMIN_PASSWORD
from tests.waiting import wait_until
from treadle.asking import begin_request
from treadle.errors import Invalid
from treadle.launch.logs import JsonFormatter, LineFormatter, start_logging, without_secrets
from treadle.settings import Secret, Settings

_TOKEN = "0123456789abcdef0123456789abcdef01234567"
_WRONG = "fedcba9876543210fedcba9876543210fedcba98"
_HOOK = "h00k-0123456789abcdef"
_METRICS = "metrics-0123456789"


def test_every_line_of_a_server_is_an_object_and_no_secret_is_in_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [_TOKEN, _WRONG, ADMIN_PASSWORD, _HOOK, _METRICS, "quite-another-password", "in-the-body-1"]
    for name, value in {
        "TREADLE_LOG_FORMAT": "json",
        "TREADLE_LOG_REQUESTS": "1",
        "TREADLE_LOG_LEVEL": "debug",
        "TREADLE_ADMIN_EMAIL": "admin@example.com",
        "TREADLE_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "TREADLE_ADMIN_TOKEN": _TOKEN,
        "TREADLE_METRICS_TOKEN": _METRICS,
        "PYTHONPATH": str(ROOT / "src"),
    }.items():
        monkeypatch.setenv(name, value)
    output = tmp_path / "output"
    command = "import sys; from treadle.cli import main; sys.exit(main())"
    options = ["serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", command, *options], stdout=file, stderr=file)
    try:
        url = wait_until(lambda: _address(output))
        ids = _ask_with_secrets(url)
    finally:
        process.terminate()
        process.wait(timeout=60)
    text = output.read_text()
    assert [secret for secret in secrets if secret in text] == []
    lines = [json.loads(line) for line in text.splitlines() if line]
    assert {"at", "level", "part", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    answered = {line["request_id"]: line for line in lines if line["logger"] == "treadle.requests"}
    assert ids <= answered.keys()
    assert {answered[id_]["path"] for id_ in ids} >= {
        "/api/tokens",
        "/user/login",
        "/api/learning/hooks/***/",
    }


def test_a_line_tells_its_request_and_hides_what_is_secret() -> None:
    record = logging.makeLogRecord({"msg": "At %s", "args": ("postgresql://u:hidden1@host/name",)})
    record.token, record.count = Secret("hidden2"), 3
    record.where = "GET /x?token=hidden3hidden3&page=2 with Authorization: Bearer abc.hidden4.1"
    begin_request("from-the-proxy")
    try:
        written = json.loads(JsonFormatter("web").format(record))
        line = LineFormatter("web").format(record)
    finally:
        begin_request("")
    assert written["request_id"] == "from-the-proxy"
    assert written["count"] == 3
    assert written["message"] == "At postgresql://u:***@host/name"
    assert "page=2" in written["where"]
    assert "request_id=from-the-proxy" in line
    assert "hidden" not in json.dumps(written) + line


@pytest.mark.parametrize("character", list('-_a ":=@/'))
def test_a_long_line_costs_no_more_than_its_length(character: str) -> None:
    def give_up(*_: object) -> None:
        raise AssertionError(f"a line of {character!r} takes for ever")

    line = character * 200_000
    former = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, 10)  # of this process's own time: it takes milliseconds
    try:
        assert without_secrets(line) == line
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)


@pytest.mark.parametrize(
    "name", ["token", "x-amz-security-token", "MYTOKEN", "client_secret", "db_password", "PGPASSWORD", "sig"]
)
def test_what_is_called_a_secret_is_none_of_the_log(name: str) -> None:
    assert without_secrets(f"{name}=hidden-1 other=shown-1") == f"{name}=*** other=shown-1"


def test_another_format_is_refused() -> None:
    with pytest.raises(Invalid, match="text or json"):
        start_logging(Settings(log_format="xml"), "web")


def _address(output: Path) -> str:
    for line in output.read_text().splitlines():
        if '"address"' in line:
            return str(json.loads(line)["address"])
    return ""


def _ask_with_secrets(url: str) -> set[str]:
    """Requests that carry secrets wherever they may stand; the ids that were answered."""
    wrong = {"Authorization": f"Token {_WRONG}"}
    right = {"Authorization": f"Token {_TOKEN}"}
    form = {"email": "admin@example.com", "password": "quite-another-password"}
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        answers = [
            client.get("/api/tokens", headers=right),
            client.get("/api/projects", headers=wrong),
            client.get("/api/projects", params={"token": _WRONG}),
            client.post("/user/login", data=form),
            client.post("/user/login", data={**form, "password": ADMIN_PASSWORD}),
            client.post("/api/tokens", headers=right, json={"name": {"secret": "in-the-body-1"}}),
            client.post(f"/api/learning/hooks/{_HOOK}/"),
            client.get("/metrics", headers={"Authorization": f"Bearer {_METRICS}"}),
            client.post("/api/projects", headers=right, content=b"\xff" + _TOKEN.encode()),
        ]
    return {answer.headers["x-request-id"] for answer in answers}
