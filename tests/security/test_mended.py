"""Requests that were once answered by a fault, and what they are answered now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import httpx
import pytest

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.security.in_process import InnerServer, Request, serve_inside
from tests.serving import post_form
from tests.web.operations.table import CONFIG
from treadle.errors import Invalid
from treadle.gateways.s3.asked import read_request
from treadle.gateways.s3.checksums import check_form
from treadle.gateways.s3.chunked import ChunkedBody
from treadle.gateways.s3.conditions import check_conditions
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.signatures import read_claim
from treadle.launch.logs import without_secrets
from treadle.ml.labels import read_labels

_DATES = (
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 99999999999999999999 00:00:00 +0000",
    "1 Jan 2020 0:0:0 +99999999999999999999",
)


@pytest.fixture(scope="module", params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InnerServer]:
    folder: Path = tmp_path_factory.mktemp("mended") / "data"
    if request.param == "sqlite":
        with serve_inside("", folder) as inner:
            yield inner
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url, serve_inside(url, folder) as inner:
        yield inner


@pytest.fixture(scope="module")
def admin(server: InnerServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.post("/api/projects/", json={"title": "One", "label_config": CONFIG})
        repo = client.post("/api/repos/", json={"name": "one", "workspace": 1}).json()["id"]
        client.put(f"/api/repos/{repo}/files/a.txt?branch=master", content=b"abc")
        yield client


@pytest.mark.parametrize("path", ["/" + "a" * 300, "/" + "a/" * 3_000, "/a%00b", "/%ed%a0%80"])
def test_a_page_whose_name_no_file_has_is_a_page(server: InnerServer, path: str) -> None:
    headers = ((b"host", b"treadle.test"), (b"accept", b"text/html"))
    assert server.inside.ask(Request("GET", path.encode(), b"", headers)).status in (200, 404)


@pytest.mark.parametrize("number", ["0" * 20 + "9" * 20, "0" * 5_000, "1" * 19 + "0"])
def test_an_id_with_zeros_before_it_is_none(admin: httpx.Client, number: str) -> None:
    assert admin.get(f"/api/projects/{number}/").status_code == 404


def test_a_number_in_a_body_that_no_column_holds_is_refused_by_name(admin: httpx.Client) -> None:
    answer = admin.post("/api/workspaces/1/members", json={"user": 2**100, "role": "viewer"})
    assert (answer.status_code, list(answer.json()["validation_errors"])) == (400, ["user"])


@pytest.mark.parametrize("path", ["?before=-33720785572", "?before=99999999999", "99999999999/"])
def test_a_version_beyond_its_column_is_none(admin: httpx.Client, path: str) -> None:
    task = admin.post("/api/tasks/", json={"project": 1, "data": {"image": "a.jpg"}}).json()["id"]
    made = admin.post(f"/api/tasks/{task}/annotations/", json={"result": []}).json()["id"]
    assert admin.get(f"/api/annotations/{made}/history/{path}").status_code in (200, 400, 404)


def test_a_range_of_many_digits_is_none(admin: httpx.Client) -> None:
    answer = admin.get("/api/repos/1/files/a.txt", headers={"Range": "bytes=0-" + "9" * 5_000})
    assert (answer.status_code, answer.content) == (200, b"abc")


@pytest.mark.parametrize("ids", ["9" * 5_000, "9" * 30, "1,x", "१"])
def test_an_export_of_what_is_no_id_is_refused(admin: httpx.Client, ids: str) -> None:
    assert admin.get("/api/projects/1/export", params={"ids": ids}).status_code == 400


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_an_instant_that_no_zone_can_turn_is_refused(admin: httpx.Client, instant: str) -> None:
    assert admin.get("/api/audit-log", params={"since": instant}).status_code == 400
    wanted = f'{{"filter": "filter:tasks:created_at", "operator": "less", "value": "{instant}"}}'
    query = f'{{"filters": {{"conjunction": "and", "items": [{wanted}]}}}}'
    assert admin.get("/api/tasks/", params={"project": 1, "query": query}).status_code == 400


def test_a_form_with_nul_in_it_is_refused(server: InnerServer) -> None:
    with server.browser() as client:
        answer = post_form(
            client, "/user/signup/", {"email": "a\0b@example.com", "password": "eight or more"}
        )
    assert answer.status_code < 500
    assert "NUL" in answer.text


@pytest.mark.parametrize("date", _DATES)
def test_a_date_at_the_s3_door_that_no_zone_can_turn_is_none(date: str) -> None:
    headers = [
        (
            b"authorization",
            b"AWS4-HMAC-SHA256 Credential=a/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=x",
        ),
        (b"date", date.encode()),
    ]
    with pytest.raises(S3Error) as caught:
        read_claim(read_request("GET", b"/s3/a", b"", headers), datetime.now(timezone.utc))
    assert caught.value.code == "AccessDenied"
    condition = read_request("GET", b"/s3/a/b", b"", [(b"if-modified-since", date.encode())])
    check_conditions(condition, "etag", datetime.now(timezone.utc))


def test_a_checksum_of_no_letters_and_a_chunk_of_no_size_are_refused_in_s3s_words() -> None:
    with pytest.raises(S3Error) as caught:
        check_form("crc32", "\xff")
    assert caught.value.code == "BadDigest"
    with pytest.raises(S3Error) as caught:
        list(ChunkedBody(None).feed(b"9" * 7_000 + b"\r\n"))
    assert caught.value.code == "InvalidChunkSizeError"


def test_a_config_that_is_deeper_than_a_server_takes_is_refused_by_a_model_too() -> None:
    assert read_labels("<View>" * 100 + "</View>" * 100).controls == {}
    for text in ("<View>" * 5_000 + "</View>" * 5_000, "<View a='\ud800'/>"):
        with pytest.raises(Invalid) as caught:
            read_labels(text)
        assert caught.value.code == "config-xml"


def test_the_row_that_postgresql_refused_is_in_no_log() -> None:
    said = 'A write met another: new row violates "c"\nDETAIL:  Failing row contains (1, what was\nwritten).'
    whole = f"{said}\nThe above exception was the direct cause of the following"
    assert without_secrets(said) == 'A write met another: new row violates "c"\nDETAIL:  ***\n'
    assert without_secrets(whole).endswith(
        "DETAIL:  ***\nThe above exception was the direct cause of the following"
    )
