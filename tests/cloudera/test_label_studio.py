"""A stock Label Studio, started with the same care: installed by itself, and asked at the platform's address.

Takes minutes: it is four hundred megabytes of packages, and its first start migrates for minutes more.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cloudera.asking import DOMAIN, HOST
from tests.cloudera.platform import Engine, client_of, platform_proxy, python_of
from tests.cloudera.test_first_start import cpu_s, read_tasks, tell

pytestmark = pytest.mark.long

EMAIL, PASSWORD = "a@example.com", "correct horse"


@pytest.fixture
def folder() -> Iterator[Path]:
    """On a disk: a gigabyte of packages is too much for a folder in memory."""
    with tempfile.TemporaryDirectory(prefix="treadle-cloudera-") as name:
        yield Path(name)


def test_it_takes_forms_of_its_own_address_alone(folder: Path) -> None:
    with platform_proxy(folder) as proxy, client_of(proxy) as client:
        more = {"TREADLE_APP": "label-studio", "TREADLE_PUBLIC_URL": f"https://{HOST}"}
        python = python_of("3.11") or python_of("3.12")
        engine = Engine(folder, python, proxy.server_port, True, more, patience_s=1800.0)
        engine.set_up()
        prepare, start = read_tasks(engine.project)
        before_s = cpu_s()
        engine.run_task(prepare)
        with engine.application(start) as took_s:
            tell(f"Label Studio: {cpu_s() - before_s:.1f} s of CPU to install, {took_s:.1f} s to start")
            assert client.get("/projects/").status_code == 302
            page = client.get("/user/signup/")
            assert post(client, page, f"https://neighbour.{DOMAIN}").status_code == 403
            entered = post(client, page, f"https://{HOST}")
            assert entered.status_code == 302
            cookies = "; ".join(f"{name}={value}" for name, value in entered.cookies.items())
            assert client.get("/projects/", headers={"Cookie": cookies}).status_code == 200
            person = client.get("/api/current-user/whoami", headers={"Cookie": cookies}).json()
            assert person["email"] == EMAIL
            assert client.get("/api/version").json()["release"] == "1.23.2"
        assert (engine.project / "treadle-home" / "label-studio-data" / "label_studio.sqlite3").exists()


def post(client: httpx.Client, page: httpx.Response, origin: str) -> httpx.Response:
    """The sign-up form, as a page of ``origin`` sends it."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found is not None
    form = {"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": found.group(1)}
    cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    headers = {"Origin": origin, "Referer": f"{origin}/user/signup/", "Cookie": cookies}
    return client.post("/user/signup/", data=form, headers=headers)
