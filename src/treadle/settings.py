"""Every setting of the server, each with its ``TREADLE_…`` variable and one sentence.

Read once at start into a frozen value; nothing else reads the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from treadle.errors import Invalid
from treadle.surroundings import settings_of

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


class Secret(str):
    """A text that never shows in a log, an error or a printed value."""

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


def _setting(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """What the server was told, by option or variable."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8080, "port to listen on; 0: any free one")
    s3_port: int = _setting(0, "port where S3 stands alone, for programs whose endpoint has no path; 0: none")
    data_dir: Path = _setting(Path("treadle-data"), "folder that holds everything the server keeps")
    database_url: str = _setting("", "postgresql://… ; empty: SQLite in the data folder")
    objects_url: str = _setting(
        "",
        "s3://bucket/prefix, gs://bucket/prefix or az://container/prefix for files; empty: the data folder. "
        "Credentials and endpoint stand in AWS_…, GOOGLE_… and AZURE_… variables",
    )
    journal_mode: str = _setting("WAL", "SQLite's journal: WAL, or DELETE on a network file system")
    admin_email: str = _setting("", "first administrator, made at the first start")
    admin_password: Secret = _setting(Secret(""), "their password")
    admin_token: Secret = _setting(Secret(""), "their token, works at once as Token and Bearer")
    sign_up: str = _setting("open", "who may sign up: open (without any role) or invited")
    lease_s: int = _setting(900, "seconds that a handed-out task stays reserved without a draft")
    trusted_origins: str = _setting("", "further origins that may write (https://a.example), by commas")
    trusted_proxies: str = _setting(
        "",
        "addresses and ranges of proxies whose X-Forwarded-… and Forwarded headers count, by commas; empty: "
        "this machine's own, and of nobody the client's address",
    )
    base_path: str = _setting(
        "", "sub-paths that a proxy leaves before the server's paths (/team/label), by commas"
    )
    platform_domain: str = _setting(
        "", "domain of a platform before this server, which gives it a host below; only that host is its own"
    )
    remote_user: bool = _setting(
        False, "take the header REMOTE-USER of a proxy on this machine for who asks, without a password"
    )
    remote_user_domain: str = _setting("", "makes an e-mail address of a REMOTE-USER without: name@domain")
    product_name: str = _setting(
        "", "name that the pages show, until an administrator gives one; empty: Treadle"
    )
    logo: str = _setting("", "file with the logo of the pages (SVG, PNG, JPEG, WebP), until one is uploaded")
    accent_light: str = _setting("", "accent of the light theme, #rrggbb, until an administrator chooses one")
    accent_dark: str = _setting("", "accent of the dark theme, #rrggbb, until an administrator chooses one")
    language: str = _setting(
        "", "language of the pages for those who chose none: en, ko, th, zh or ja; empty: their browser's"
    )
    session_days: int = _setting(14, "days that a sign-in lasts")
    max_upload_bytes: int = _setting(2 * 1024**3, "largest body of one upload, in bytes")
    max_unpacked_bytes: int = _setting(20 * 1024**3, "most that one archive may unpack to, in bytes")
    inline_import_bytes: int = _setting(1024**2, "JSON imports up to this size run in the request, in bytes")
    outbound_allow: str = _setting(
        "",
        "private hosts and ranges that may be fetched from, and told by webhooks "
        "(10.0.0.0/8, files.internal), by commas",
    )
    outbound_time_limit_s: int = _setting(600, "seconds that fetching a file from an address may take")
    ml_allow: str = _setting(
        "*",
        "hosts and ranges that model backends may be at (10.0.0.0/8, gpu.internal), by commas; *: anywhere, "
        "this machine and private networks too",
    )
    builtin_backends: bool = _setting(
        True,
        "offer and start the model backends that come along; off where web processes and workers run on "
        "several machines, since each machine would start its own",
    )
    max_version_bytes: int = _setting(
        8 * 1024**3, "most that the kept files of one version of a model may take, in bytes"
    )
    spare_disk_bytes: int = _setting(
        1024**3, "bytes of the data folder's disk that files of versions leave free for everything else"
    )
    local_files_roots: str = _setting(
        "", "folders of this machine whose files may be sources and targets of projects, by commas"
    )
    tracking_idle_s: int = _setting(
        900, "seconds without a request after which the process of experiments and models ends"
    )
    log_level: str = _setting("info", "debug, info, warning or error")
    log_format: str = _setting("text", "text: a line for a person; json: an object a line, for collectors")
    log_requests: bool = _setting(False, "log every request that was answered, without its query")
    metrics_token: Secret = _setting(
        Secret(""), "token that /metrics answers to, as Bearer; empty: administrators' tokens alone"
    )
    with_samples: bool = _setting(False, "add the sample projects at the first start")

    @property
    def first_sign_in_path(self) -> Path:
        """Where a sign-in that was made up at the first start is kept until its password is changed."""
        return self.data_dir / "first-sign-in.json"

    @property
    def url(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'treadle.sqlite3'}"

    @property
    def has_wal(self) -> bool:
        """Whether SQLite is to keep a write-ahead log: not on a network file system."""
        return self.journal_mode.strip().upper() != "DELETE"

    @property
    def jobs_url(self) -> str:
        """Where the durable jobs keep their steps: a file of their own, or the same PostgreSQL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'jobs.sqlite3'}"


def variable(name: str) -> str:
    """The environment variable of the setting ``name``."""
    return f"TREADLE_{name.upper()}"


def load_settings(environment: Mapping[str, str], options: Mapping[str, Any]) -> Settings:
    """Options first, then variables, then what the surroundings say, then defaults.

    ``options``: by setting name; None means not given. Raises Invalid("setting") naming the variable.
    """
    given: dict[str, Any] = {}
    around = settings_of(environment)
    for setting in fields(Settings):
        if options.get(setting.name) is not None:
            given[setting.name] = _convert(setting.name, setting.default, options[setting.name])
        elif variable(setting.name) in environment:
            given[setting.name] = _convert(setting.name, setting.default, environment[variable(setting.name)])
        elif setting.name in around:
            given[setting.name] = _convert(setting.name, setting.default, around[setting.name])
    return Settings(**given)


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The variables that give a child the same settings; secrets among them, in the clear."""
    values = {setting.name: getattr(settings, setting.name) for setting in fields(settings)}
    return {
        variable(name): value.reveal() if isinstance(value, Secret) else str(value)
        for name, value in values.items()
    }


def describe_settings() -> list[tuple[str, str, str]]:
    """Variable, default and meaning of every setting."""
    return [
        (variable(setting.name), _shown(setting.default), setting.metadata["meaning"])
        for setting in fields(Settings)
    ]


def _shown(default: object) -> str:
    if isinstance(default, Secret):
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _convert(name: str, default: object, value: object) -> object:
    if isinstance(default, bool):
        return value if isinstance(value, bool) else _to_flag(name, str(value))
    if isinstance(default, int):
        return _to_number(name, value)
    if isinstance(default, Path):
        return Path(str(value)).expanduser()
    if isinstance(default, Secret):
        return value if isinstance(value, Secret) else Secret(value)
    return str(value)


def _to_flag(name: str, value: str) -> bool:
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise Invalid("setting", f"{variable(name)} is {value!r}; give true or false.")


def _to_number(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise Invalid("setting", f"{variable(name)} is {value!r}; give a whole number.") from error
