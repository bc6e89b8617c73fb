"""Name, logo, colours and language of an installation over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.serving import RunningServer, serve
from treadle.errors import Invalid
from treadle.web import pages

PAGE = (
    '<!doctype html>\n<html lang="en">\n<head><!--base-->\n<title>Treadle</title>\n'
    '<link rel="icon" href="./icon.svg" type="image/svg+xml">\n</head></html>'
)
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><circle r="3"/></svg>'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    for name in ("index.html", "label.html"):
        (folder / name).write_text(PAGE)
    monkeypatch.setattr(pages, "STATIC", folder)


@pytest.mark.usefixtures("built")
def test_what_an_administrator_sets_stands_in_every_page_before_the_sign_in(server: RunningServer) -> None:
    with server.client() as admin, server.client(None, Accept="text/html") as stranger:
        assert 'data-product="' not in stranger.get("/user/login").text
        wanted = {"name": "Field <notes>", "accent_light": "#7a1fa2", "language": "ko"}
        set_here = admin.patch("/api/admin/appearance", json=wanted).json()
        assert set_here["shown"]["name"] == "Field <notes>"
        assert set_here["contrast_light"] > 4.5
        logo = admin.put("/api/admin/appearance/logo", files={"logo": ("l.svg", LOGO, "image/svg+xml")})
        address = logo.json()["shown"]["logo"]
        for path in ("/user/login", "/projects/1/label"):
            text = stranger.get(path).text
            assert '<html lang="ko" data-product="Field &lt;notes&gt;" data-language="ko"' in text
            assert "<title>Field &lt;notes&gt;</title>" in text
            assert f'<link rel="icon" href="./{address}" type="image/svg+xml">' in text
            assert 'html:root:not([data-theme="dark"]){--accent:#7a1fa2;' in text
            assert 'data-theme="dark"]{' not in text
        shown = stranger.get(f"/{address}")
        assert (shown.status_code, b"onload" in shown.content) == (200, False)
        assert "sandbox" in shown.headers["content-security-policy"]
        assert "immutable" in shown.headers["cache-control"]

        told = stranger.get("/api/appearance")
        assert told.json()["accent_light"] == "#7a1fa2"
        again = stranger.get("/api/appearance", headers={"If-None-Match": told.headers["etag"]})
        assert again.status_code == 304

        assert admin.delete("/api/admin/appearance/logo").status_code == 204
        assert stranger.get(f"/{address}").status_code == 404
        back = admin.patch("/api/admin/appearance", json={"name": "", "accent_light": "", "language": ""})
        assert back.json()["shown"] == back.json()["of_settings"]
        assert stranger.get("/user/login").text.startswith('<!doctype html>\n<html lang="en">')


def test_a_weak_colour_is_refused_and_nothing_changes(server: RunningServer) -> None:
    with server.client() as admin:
        refused = admin.patch("/api/admin/appearance", json={"name": "New", "accent_dark": "#222222"})
        assert refused.status_code == 400
        assert ":1 where it is weakest" in refused.json()["validation_errors"]["accent_dark"][0]
        assert admin.get("/api/admin/appearance").json()["set_here"]["name"] == ""


def test_a_person_chooses_a_language_and_takes_it_back(server: RunningServer) -> None:
    person = server.sign_up("me@example.com")
    with server.client(person.token) as me:
        assert me.get("/api/session").json()["language"] is None
        assert me.put("/api/current-user/language", json={"language": "th"}).status_code == 200
        assert me.get("/api/session").json()["language"] == "th"
        assert me.put("/api/current-user/language", json={"language": "tlh"}).status_code == 400
        assert me.put("/api/current-user/language", json={"language": None}).status_code == 200
        assert me.get("/api/session").json()["language"] is None


@pytest.mark.usefixtures("built")
def test_the_settings_hold_until_somebody_sets_something_on_the_page(sqlite_url: str, tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_bytes(LOGO)
    options: dict[str, Any] = {
        "product_name": "Acme",
        "accent_dark": "#8ab4f8",
        "logo": str(logo),
        "language": "ja",
    }
    with serve(sqlite_url, tmp_path / "data", **options) as running, running.client() as admin:
        before = admin.get("/api/appearance").json()
        assert (before["name"], before["accent_dark"], before["language"]) == ("Acme", "#8ab4f8", "ja")
        assert admin.get(f"/{before['logo']}").status_code == 200
        admin.patch("/api/admin/appearance", json={"name": "Field notes"})
        assert admin.get("/api/appearance").json()["name"] == "Field notes"
        admin.patch("/api/admin/appearance", json={"name": ""})
        assert admin.get("/api/appearance").json() == before


@pytest.mark.parametrize(
    "option",
    [{"accent_light": "#f0c040"}, {"language": "tlh"}, {"logo": "/nowhere.svg"}, {"product_name": "x" * 99}],
)
def test_a_start_refuses_what_is_set_wrongly(sqlite_url: str, tmp_path: Path, option: dict[str, Any]) -> None:
    with (
        pytest.raises(Invalid, match=f"TREADLE_{next(iter(option)).upper()}"),
        serve(sqlite_url, tmp_path / "data", **option),
    ):
        pass
