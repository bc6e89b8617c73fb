"""Health and version."""

from __future__ import annotations

import msgspec

from treadle import __version__
from treadle.late import late
from treadle.web.call import Call
from treadle.web.routing import PUBLIC, Reply, Route, json_reply

#: The Label Studio whose API this server speaks.
SPOKEN_VERSION = "1.23.2"
#: How MLflow's client says who it is.
_MLFLOW_CLIENT = "mlflow-python-client/"

installed_version = late("treadle.tracking.own_answers:installed_version")


class HealthBody(msgspec.Struct):
    """UP once requests are answered."""

    status: str


class VersionBody(msgspec.Struct):
    """Our version, and the Label Studio whose API is spoken."""

    release: str
    label_studio_os_package: dict[str, str] = msgspec.field(name="label-studio-os-package")
    edition: str
    treadle: dict[str, str]


def get_health(_call: Call) -> Reply:
    return json_reply(HealthBody("UP"))


def get_version(call: Call) -> Reply:
    """MLflow's client asks the same address for the version of MLflow, and nothing but that.

    It keeps the spans of traces out of the database where it does not understand the answer.
    """
    if call.request.headers.get("user-agent", "").startswith(_MLFLOW_CLIENT):
        tracked: str | None = installed_version()
        if tracked:
            return Reply(body=tracked.encode(), content_type="text/plain")
    spoken = {"version": SPOKEN_VERSION, "short_version": SPOKEN_VERSION.rpartition(".")[0]}
    return json_reply(VersionBody(__version__, spoken, "Community", {"version": __version__}))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health/", get_health, PUBLIC, "Is the server up?", None, HealthBody),
    Route("GET", "/api/version/", get_version, PUBLIC, "Get version information", None, VersionBody),
    Route("GET", "/version/", get_version, PUBLIC, "Get version information", None, VersionBody),
)
