"""The tasks of `.project-metadata.yaml` in order in a clean home, and a browser at the platform's address.

Takes minutes: it installs a Python's worth of packages twice. Prints how long each start took (`-s`).
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.labelling import LabelPage
from tests.cloudera.asking import DOMAIN, HOST
from tests.cloudera.launching import ROOT
from tests.cloudera.platform import Engine, PlatformProxy, client_of, platform_proxy, python_of
from treadle.errors import Conflict
from treadle.launch.listening import listen

pytestmark = [pytest.mark.long, pytest.mark.browser]

EMAIL, PASSWORD = "owner@example.com", "correct horse battery"
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="tone" toName="text"><Choice value="glad"/>'
    '<Choice value="sad"/></Choices></View>'
)
_MAKE = """async ([config, csrf]) => {
  const write = (path, body) => fetch(path, {
    method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': csrf },
  }).then(answer => answer.json());
  const project = await write('api/projects', { title: 'Letters', label_config: config });
  await write(`api/projects/${project.id}/import`, [{ text: 'What a fine day.' }]);
  return project.id;
}"""

_READ = "path => fetch(path).then(answer => answer.json())"


@pytest.fixture
def folder() -> Iterator[Path]:
    """On a disk: a gigabyte of packages is too much for a folder in memory."""
    with tempfile.TemporaryDirectory(prefix="treadle-cloudera-") as name:
        yield Path(name)


@pytest.mark.parametrize(("version", "source"), [("3.10", "wheels"), ("3.12", "source")])
def test_the_tasks_in_order_give_a_place_to_label(
    folder: Path, chromium: Path, version: str, source: str
) -> None:
    python = python_of(version)
    if not python:
        pytest.skip(f"Python {version} is not installed")
    with platform_proxy(folder) as proxy:
        with pytest.raises(Conflict, match=r"is free: give --host 127\.0\.0\.1"):
            listen("0.0.0.0", proxy.server_port, 0)
        engine = Engine(folder, python, proxy.server_port, reaches_indexes=source != "wheels")
        engine.set_up()
        if source == "wheels":
            make_wheels(engine.project / "wheels", version)
        prepare, start = read_tasks(engine.project)
        began_s, before_s = time.monotonic(), cpu_s()
        engine.run_task(prepare)
        with engine.application(start):
            took_s = time.monotonic() - began_s
            used_s = cpu_s() - before_s
            tell(f"{version} from {source}: the first start took {took_s:.1f} s, {used_s:.1f} of CPU")
            label_something(proxy, chromium)
            check_strangers(proxy)
        with engine.application(start) as took_s, client_of(proxy) as client:
            tell(f"{version} from {source}: the second start took {took_s:.1f} s")
            assert sign_in(client).status_code == 302


def tell(text: str) -> None:
    print(f"\n{text}", file=sys.stderr)


def cpu_s() -> float:
    """What the processes took that were started here and have ended; other loads do not change it much."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make_wheels(to: Path, version: str) -> None:
    """As `make dist` does, for one Python."""
    command = [str(ROOT / "scripts" / "make-wheels.sh"), str(to), version]
    subprocess.run(command, cwd=ROOT, check=True)
    shutil.rmtree(to.parent / "frontend")  # nothing is built there


def read_tasks(project: Path) -> tuple[str, str]:
    metadata = yaml.safe_load((project / ".project-metadata.yaml").read_text("utf-8"))
    prepare, start = metadata["tasks"]
    return str(prepare["script"]), str(start["script"])


def label_something(proxy: PlatformProxy, chromium: Path) -> None:
    """Signs up, out and in, and labels, at the address that the platform gave."""
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        f"--host-resolver-rules=MAP {HOST}:443 127.0.0.2:{proxy.server_port}",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(base_url=f"https://{HOST}", ignore_https_errors=True)
        page.goto("/user/signup")
        fill(page, {"E-mail": EMAIL, "Password": PASSWORD}, "Create the first account")
        expect(page).not_to_have_url("/user/signup")
        page.goto("/logout/")
        page.goto("/user/login")
        fill(page, {"E-mail": EMAIL, "Password": PASSWORD}, "Sign in")
        expect(page).not_to_have_url("/user/login")
        page.goto("/")
        csrf = next(each["value"] for each in page.context.cookies() if each["name"] == "csrftoken")
        project_id = page.evaluate(_MAKE, [CONFIG, csrf])
        label = LabelPage(page)
        label.open(project_id)
        label.choose("glad")
        label.submit()
        label.expect_saved()
        answer = page.evaluate(_READ, f"/api/projects/{project_id}/export?exportType=JSON")
        assert answer[0]["annotations"][0]["result"][0]["value"] == {"choices": ["glad"]}
        browser.close()


def fill(page: Page, fields: dict[str, str], button: str) -> None:
    for name, text in fields.items():
        page.get_by_label(name, exact=True).fill(text)
    page.get_by_role("button", name=button).click()


def sign_in(client: Any) -> Any:
    csrf = client.get("/user/login").cookies["csrftoken"]
    form = {"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": csrf}
    return client.post(
        "/user/login", data=form, headers={"Origin": f"https://{HOST}", "Cookie": f"csrftoken={csrf}"}
    )


def check_strangers(proxy: PlatformProxy) -> None:
    """A page of elsewhere, and one of a neighbour below the same domain, write nothing."""
    with client_of(proxy) as client:
        entered = sign_in(client)
        cookies = "; ".join(f"{name}={value}" for name, value in entered.cookies.items())
        for origin, status in (
            ("https://evil.example", 403),
            (f"https://neighbour.{DOMAIN}", 403),
            (f"https://{HOST}", 201),
        ):
            headers = {"Origin": origin, "Cookie": cookies}
            answer = client.post("/api/projects", json={"title": "A project"}, headers=headers)
            assert answer.status_code == status, answer.text
            assert status == 201 or (origin in answer.text and f"https://{HOST}" in answer.text)
