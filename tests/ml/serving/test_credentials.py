"""Who is let in: by name and password, by token, and webhooks without either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ml.serving.running import PROBE, PROJECT
from treadle.errors import Invalid, Unauthenticated
from treadle.ml.serving.credentials import Gate
from treadle.ml.serving.options import Options, credentials_of, networks_of
from treadle.ml.trying import backend
from treadle.ml.visits import basic
from treadle.settings import Secret

EVENT = {"action": "TASKS_CREATED", "project": PROJECT, "tasks": []}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("credentials")
    options = ("--basic-auth", "jo:wörd", "--token", "t0ken", "--webhook-secret", "hidden")
    with backend(PROBE, folder, *options) as url, httpx.Client(base_url=url, trust_env=False) as found:
        yield found


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (basic("jo:wörd"), 200),
        ("Bearer t0ken", 200),
        ("Token t0ken", 200),
        (basic("jo:word"), 401),
        ("Bearer jo:wörd", 401),
        ("Token", 401),
        ("Basic ***", 401),
        ("", 401),
    ],
)
def test_only_who_knows_them_is_let_in(client: httpx.Client, header: str, status: int) -> None:
    headers = [(b"Authorization", header.encode())] if header else []
    answer = client.get("/health", headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.headers["www-authenticate"].startswith("Basic")


def test_a_webhook_comes_in_by_the_secret_path_and_nothing_else_does(client: httpx.Client) -> None:
    refused = client.post("/webhook", json=EVENT)
    assert (refused.status_code, "--webhook-secret" in refused.json()["detail"]) == (401, True)
    assert client.post("/hidden/webhook", json=EVENT).status_code == 201
    assert client.post("/other/webhook", json=EVENT).status_code == 401
    assert client.get("/hidden/health").status_code == 401
    assert client.get("/hidden/health", headers={"Authorization": "Token t0ken"}).status_code == 200


def test_a_webhook_comes_in_from_an_address_that_is_allowed() -> None:
    options = Options(
        Path("model.py"), Path(), token=Secret("t"), webhook_from=networks_of("10.0.0.0/24, 192.168.1.7")
    )
    gate = Gate(options)
    for client in ("10.0.0.9", "192.168.1.7"):
        gate.check([], "/webhook", client=client, is_by_secret=False)
    for path, client in (("/webhook", "10.0.1.9"), ("/predict", "10.0.0.9"), ("/webhook", "")):
        with pytest.raises(Unauthenticated):
            gate.check([], path, client=client, is_by_secret=False)


def test_credentials_stand_in_the_environment_too_under_label_studios_names() -> None:
    told = {"BASIC_AUTH_USER": "jo", "BASIC_AUTH_PASS": "word", "TREADLE_ML_TOKEN": "t"}
    basic_auth, token = credentials_of(told, basic_auth="", token="")
    assert (basic_auth.reveal(), token.reveal()) == ("jo:word", "t")
    assert "word" not in repr(Options(Path(), Path(), basic_auth=basic_auth))
    with pytest.raises(Invalid):
        credentials_of({}, basic_auth="jo", token="")
    with pytest.raises(Invalid):
        networks_of("10.0.0.0/99")
