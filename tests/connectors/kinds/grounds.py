"""A storage of each kind on something real, to try the same things on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.connectors.kinds.site import Site
from tests.objects.clouds import AZURE_ACCOUNT, AZURE_KEY, BUCKET, Cloud
from treadle.connectors.kinds import KINDS
from treadle.connectors.places import Form, Kind, Place, read_form
from treadle.settings import Settings

LOOPBACK = Settings(outbound_allow="127.0.0.0/8, localhost")


@dataclass(frozen=True)
class Ground:
    """An empty storage of a kind; ``form`` is filled, ``key`` says what a name's key is there."""

    kind: Kind
    settings: Settings
    form: Mapping[str, object]
    #: What a field is to hold so that the place is not there.
    nowhere: Mapping[str, object]
    site: Site | None = field(default=None, compare=False)

    @property
    def is_written(self) -> bool:
        return "target" in self.kind.directions

    def filled(self, **options: object) -> Form:
        return read_form(self.kind, "source", {**self.form, **options})

    def open(self, **options: object) -> Place:
        form = self.filled(**options)
        return self.kind.open(self.settings, form.options, form.secrets)

    def but(self, settings: Settings) -> Ground:
        return replace(self, settings=settings)

    def put(self, name: str, content: bytes) -> str:
        """The key that the content lies at then."""
        if self.site is not None:
            return self.site.put(name, content)
        place = self.open()
        key = place.key(name)
        place.write(key, content)
        return key


def kind_of(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def on_localfiles(request: pytest.FixtureRequest) -> Ground:
    root: Path = request.getfixturevalue("tmp_path") / "shared"
    (root / "photographs").mkdir(parents=True)
    form = {"path": str(root / "photographs"), "recursive_scan": True}
    settings = Settings(local_files_roots=f"/nonexistent, {root}")
    return Ground(kind_of("localfiles"), settings, form, {"path": str(root / "nowhere")})


def on_s3(request: pytest.FixtureRequest) -> Ground:
    cloud: Cloud = request.getfixturevalue("s3")
    form = {
        "bucket": BUCKET,
        "prefix": f"{uuid.uuid4().hex}/",
        "s3_endpoint": cloud.url,
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "recursive_scan": True,
    }
    return Ground(kind_of("s3"), LOOPBACK, form, {"bucket": "nobodys-bucket"})


def on_gcs(request: pytest.FixtureRequest) -> Ground:
    cloud: Cloud = request.getfixturevalue("gcs")
    form = {
        "bucket": BUCKET,
        "prefix": uuid.uuid4().hex,
        "google_application_credentials": cloud.google_key,
        "recursive_scan": True,
    }
    return Ground(kind_of("gcs"), LOOPBACK, form, {"bucket": "nobodys-bucket"})


def on_azure(request: pytest.FixtureRequest) -> Ground:
    cloud: Cloud = request.getfixturevalue("azure")
    form = {
        "container": BUCKET,
        "prefix": uuid.uuid4().hex,
        "blob_endpoint": cloud.url,
        "account_name": AZURE_ACCOUNT,
        "account_key": AZURE_KEY,
        "recursive_scan": True,
    }
    return Ground(kind_of("azure"), LOOPBACK, form, {"container": "nobodys-container"})


def on_redis(request: pytest.FixtureRequest) -> Ground:
    port: int = request.getfixturevalue("redis_port")
    form = {"port": port, "db": "3", "password": "sesame", "path": f"[{uuid.uuid4().hex}*]/"}
    return Ground(kind_of("redis"), LOOPBACK, form, {"db": 999})


def on_http(request: pytest.FixtureRequest) -> Ground:
    site: Site = request.getfixturevalue("site")
    form = {"list_url": f"{site.url}/list.txt"}
    return Ground(kind_of("http"), LOOPBACK, form, {"list_url": f"{site.url}/nowhere"}, site)


GROUNDS: Mapping[str, Callable[[pytest.FixtureRequest], Ground]] = {
    "localfiles": on_localfiles,
    "s3": on_s3,
    "gcs": on_gcs,
    "azure": on_azure,
    "redis": on_redis,
    "http": on_http,
}
