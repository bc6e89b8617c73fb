"""The tracking process of a server as a person starts it."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.launch.conftest import Serve, children_of, serve
from tests.tracking.process.conftest import is_alive
from tests.waiting import wait_until

__all__ = ["serve"]

TOKEN = "0123456789abcdef0123456789abcdef01234567"
OPTIONS = ("--admin-email", "admin@example.com", "--admin-password", "correct horse", "--admin-token", TOKEN)


def test_it_starts_with_the_first_request_and_ends_with_the_server(serve: Serve) -> None:
    server = serve(*OPTIONS)
    assert server.is_healthy()
    web = server.part("web")
    assert children_of(web) == []
    address = f"{server.url}/api/2.0/mlflow/experiments/search?max_results=5"
    assert httpx.get(address, trust_env=False, timeout=120).status_code == 401
    assert children_of(web) == []
    answer = httpx.get(address, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=120)
    assert (answer.status_code, answer.json()) == (200, {})
    (child, command), *others = children_of(web)
    assert ("treadle.tracking.child" in command, others) == (True, [])
    assert "mlflow" not in Path(f"/proc/{web}/maps").read_text()
    assert "is mounted" in server.text
    assert server.end() == 0
    wait_until(lambda: not is_alive(child))
    assert list((server.data_dir / "tmp").glob("*.sock")) == []
