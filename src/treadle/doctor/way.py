"""The way in: what a client sent beside what arrived, and what that says of the proxies in between.

Pure: a command and a page make a `Seen` each in their own way, and this judges both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from treadle.doctor.checks import Check, Fix, untried, well
from treadle.doctor.fixes import fixes_for, recognise, setting

_Text = Annotated[str, msgspec.Meta(max_length=500)]
_Seconds = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]

_MB = 1_000_000
#: Pictures and models are of this size; a limit above it is met by few.
_USUAL_BYTES = 64 * 1024**2
#: Between S3 signatures (15 minutes) and what nobody notices.
_CLOCK_WARNING_S, _CLOCK_FAULT_S = 60.0, 600.0
_CERTIFICATE_DAYS = 14.0
_PORTS = {"http": ":80", "https": ":443"}
_TOO_LARGE = 413
#: What a server says that has no place for another such question.
_BUSY, _AT_ONCE_S = (429, 503), 0.5


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says of a request: what was said of it, and what it believed.

    noticed: which of the headers that tell one proxy from another came along.  trusts_named: the setting
    TREADLE_TRUSTED_PROXIES names any.
    """

    peer: str
    client: str
    scheme: str
    is_scheme_told: bool
    host: str
    prefix: str
    was_kept: bool
    is_trusted: bool
    is_own_host: bool
    origin: str
    said: dict[str, str]
    noticed: list[str]
    base_paths: list[str]
    trusts_named: bool
    most_upload_bytes: int
    version: str
    now: datetime


class Upload(msgspec.Struct, frozen=True):
    """A body that was sent, or announced and begun. status: of the answer; 0: it broke off."""

    size_bytes: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    status: int
    is_announced: bool = False

    @property
    def came_through(self) -> bool:
        """Whether it arrived, or was not refused at once."""
        return 0 < self.status < 400


class Silence(msgspec.Struct, frozen=True):
    """An answer that the server began only after ``asked_s`` seconds; status 0: it broke off."""

    asked_s: _Seconds
    took_s: _Seconds
    status: int


class Events(msgspec.Struct, frozen=True):
    """Two events, ``apart_s`` seconds from each other. is_held: both came at once; status 0: it broke off."""

    apart_s: _Seconds
    is_held: bool
    status: int


class Trouble(msgspec.Struct, frozen=True):
    """What came in place of the server's answer: a code that `judge` knows, and what shows it."""

    code: _Text
    seen: _Text
    hint: _Text = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a client saw.

    site: the address as the client has it, with the sub-path.  sent_origin: its header Origin.
    server: the header Server of the answers.  clock_ahead_s: of the client's clock before the server's.
    """

    site: _Text
    sent_origin: _Text = ""
    server: _Text = ""
    arrived: Arrived | None = None
    trouble: Trouble | None = None
    uploads: Annotated[list[Upload], msgspec.Meta(max_length=20)] = []
    silence: Silence | None = None
    events: Events | None = None
    clock_ahead_s: _Seconds | None = None
    certificate_days: _Seconds | None = None


def judge(seen: Seen) -> list[Check]:
    """What that says of the way, each thing by itself."""
    return list(_judge(seen))


def _judge(seen: Seen) -> Iterator[Check]:
    if seen.trouble is not None or seen.arrived is None:
        yield _trouble(seen, seen.trouble or Trouble("no-answer", "There was no answer."))
        return
    arrived, proxy = seen.arrived, _proxy_of(seen)
    yield well("way", "Server", f"Treadle {arrived.version} answers{f' through {proxy}' if proxy else ''}.")
    if seen.certificate_days is not None:
        yield _certificate(seen.certificate_days)
    yield _host(seen, arrived, proxy)
    yield _origin(seen, arrived, proxy)
    yield _scheme(seen, arrived, proxy)
    yield _prefix(seen, arrived, proxy)
    yield _client(seen, arrived, proxy)
    yield _uploads(seen, arrived, proxy)
    yield _silence(seen, proxy)
    yield _events(seen, proxy)
    if seen.clock_ahead_s is not None:
        yield _clock(seen.clock_ahead_s)


def _proxy_of(seen: Seen) -> str:
    return recognise(seen.server, seen.arrived.noticed if seen.arrived else ())


def _fault(name: str, code: str, seen: str, wrong: str, fixes: tuple[Fix, ...]) -> Check:
    return Check(place="way", name=name, state="fault", code=code, seen=seen, wrong=wrong, fixes=fixes)


def _warning(name: str, code: str, seen: str, wrong: str, fixes: tuple[Fix, ...]) -> Check:
    return Check(place="way", name=name, state="warning", code=code, seen=seen, wrong=wrong, fixes=fixes)


# Where no answer of the server came.

_TROUBLES: dict[str, str] = {
    "no-answer": "Nothing answers there.",
    "certificate": "The certificate is not one that programs trust.",
    "moved": "The address leads elsewhere, and a form that is sent to it is lost.",
    "bad-gateway": "The proxy answers, and does not reach the server.",
    "proxy-sign-in": "The proxy asks for a sign-in of its own, and lets no token through.",
    "prefix-kept": "The proxy leaves the sub-path in front, and the server was not told of it.",
    "prefix-twice": "The sub-path is taken away twice: a part of the server's own paths goes with it.",
    "not-treadle": "What answers is not this server, or an older one.",
}


def _trouble(seen: Seen, trouble: Trouble) -> Check:
    path = urlsplit(seen.site).path.rstrip("/")
    code = trouble.code if trouble.code in _TROUBLES else "not-treadle"
    name = "Sub-path" if code in ("prefix-kept", "prefix-twice") else "Server"
    fixes: dict[str, tuple[Fix, ...]] = {
        "no-answer": (Fix("On the server's machine", "curl -sS http://127.0.0.1:8080/health"),),
        "certificate": (Fix("Whoever asks, with a certificate of one's own", "export SSL_CERT_FILE=ca.pem"),),
        "moved": (Fix("Give this address", trouble.hint),),
        "bad-gateway": (
            Fix("On the proxy's machine", "curl -sS http://ADDRESS-OF-TREADLE:8080/health"),
            Fix("Treadle, where the proxy is on another machine or in another container", "--host 0.0.0.0"),
        ),
        "proxy-sign-in": (
            Fix(
                "Programs, where the platform has tokens of its own",
                "export TREADLE_AUTHORIZATION='Bearer …'",
            ),
            Fix("The proxy", "Let requests with X-Treadle-Token through."),
        ),
        "prefix-kept": (setting(f"TREADLE_BASE_PATH={path}"),),
        "prefix-twice": (
            Fix(
                "One of the two proxies: pass the path on as it came. nginx",
                "proxy_pass http://NEXT;  # no path",
            ),
        ),
        "not-treadle": (Fix("The proxy", "Pass all of the sub-path to Treadle."),),
    }
    return _fault(name, code, trouble.seen, _TROUBLES[code], fixes[code])


def _certificate(days: float) -> Check:
    seen = f"It holds for {days:.0f} more days." if days > 0 else "It is over."
    if days > _CERTIFICATE_DAYS:
        return well("way", "Certificate", seen)
    return _warning(
        "Certificate",
        "certificate-ends",
        seen,
        "Once it is over, browsers and programs refuse to come in.",
        (Fix("Whoever ends TLS", "Renew the certificate."),),
    )


# What the client sent beside what arrived.


def _host(seen: Seen, arrived: Arrived, proxy: str) -> Check:
    parts = urlsplit(seen.site)
    sent, came = _plain_host(parts.netloc, parts.scheme), _plain_host(arrived.host, parts.scheme)
    if sent == came and arrived.is_own_host:
        return well("way", "Host", f"{sent} arrived as it was sent.")
    told = f"{parts.netloc} was sent, and {arrived.host or 'nothing'} arrived."
    if sent == came:
        wrong = "The host is none that the platform gave this server (TREADLE_PLATFORM_DOMAIN)."
        return _fault("Host", "host-foreign", told, wrong, (setting("TREADLE_PLATFORM_DOMAIN="),))
    wrong = (
        "Browsers over plain HTTP are refused as cross-site, links in answers of the API lead nowhere, and "
        "S3 signatures do not fit."
    )
    if not arrived.is_trusted and "x-forwarded-host" in arrived.said:
        return _fault("Host", "proxy-not-trusted", told, wrong, (_trust(arrived),))
    return _fault("Host", "host-lost", told, wrong, fixes_for("host", proxy, host=parts.netloc))


def _origin(seen: Seen, arrived: Arrived, proxy: str) -> Check:
    if not seen.sent_origin:
        return untried("way", "Origin", "None was sent.")
    if arrived.origin == seen.sent_origin:
        return well("way", "Origin", f"{arrived.origin} arrived as it was sent.")
    told = f"{seen.sent_origin} was sent, and {arrived.origin or 'nothing'} arrived."
    wrong = (
        "The server cannot tell its own pages from another site's: it refuses them as cross-site, or takes "
        "another's for its own."
    )
    return _fault("Origin", "origin-lost", told, wrong, fixes_for("origin", proxy))


def _scheme(seen: Seen, arrived: Arrived, proxy: str) -> Check:
    sent = urlsplit(seen.site).scheme
    if sent == arrived.scheme:
        return well("way", "Scheme", f"{sent} arrived as it was sent.")
    told = f"{sent} was sent, and {arrived.scheme} arrived."
    said = arrived.said.get("x-forwarded-proto", "")
    wrong = (
        f"Links in answers of the API begin with {arrived.scheme}:, and programs follow them into nothing."
    )
    if said and not arrived.is_trusted:
        return _fault("Scheme", "proxy-not-trusted", told, wrong, (_trust(arrived),))
    if arrived.is_scheme_told:
        told = f"{told} A proxy says X-Forwarded-Proto: {said or arrived.scheme}."
        wrong = f"{wrong} Where it is told wrongly, pages are refused as cross-site."
        fixes = (*fixes_for("scheme", proxy, scheme=sent), *fixes_for("relay", proxy))
        return _fault("Scheme", "scheme-wrong", told, wrong, fixes)
    return _fault("Scheme", "scheme-lost", told, wrong, fixes_for("scheme", proxy, scheme=sent))


def _prefix(seen: Seen, arrived: Arrived, proxy: str) -> Check:
    sent = urlsplit(seen.site).path.rstrip("/")
    if sent == arrived.prefix:
        return well("way", "Sub-path", f"{sent} is known." if sent else "There is none.")
    told = f"{sent or 'None'} was asked for, and the server knows {arrived.prefix or 'of none'}."
    fixes = fixes_for("prefix", proxy, prefix=sent or "/")
    if not arrived.prefix:
        wrong = "Links in answers of the API lack it, and S3 signatures do not fit. Pages work."
        if not arrived.is_trusted and any("prefix" in name or "script" in name for name in arrived.said):
            return _warning("Sub-path", "proxy-not-trusted", told, wrong, (_trust(arrived),))
        either = (*fixes, setting(f"TREADLE_BASE_PATH={sent}"))
        return _warning("Sub-path", "prefix-not-told", told, wrong, either)
    wrong = "Cookies lie below another path, so that nobody stays signed in, and links lead nowhere."
    if sent and arrived.prefix == sent * 2:
        return _fault("Sub-path", "prefix-twice", told, wrong, fixes)
    return _fault("Sub-path", "prefix-wrong", told, wrong, fixes)


def _client(seen: Seen, arrived: Arrived, proxy: str) -> Check:
    """Whether the server knows who asks; without a proxy the peer is."""
    if not arrived.said and not proxy:
        return well("way", "Client", f"{arrived.peer or 'This machine'} asks, without a proxy that says so.")
    wrong = "Failed sign-ins and the audit log take the proxy for everybody: one guesser locks all out."
    if "x-forwarded-for" not in arrived.said and "forwarded" not in arrived.said:
        told = f"The proxy at {arrived.peer} says of nobody that they ask."
        return _warning("Client", "client-lost", told, wrong, fixes_for("client", proxy))
    if not (arrived.is_trusted and arrived.trusts_named):
        told = f"{arrived.peer} says who asks, and TREADLE_TRUSTED_PROXIES does not name it."
        return _warning("Client", "client-not-believed", told, wrong, (_trust(arrived),))
    return well("way", "Client", f"{arrived.client} asks, by word of the proxy at {arrived.peer}.")


def _trust(arrived: Arrived) -> Fix:
    """Added to those who are named: the whole line in their place would shut these out."""
    if not arrived.trusts_named:
        return setting(f"TREADLE_TRUSTED_PROXIES={arrived.peer}")
    where = (
        "Treadle, in its environment: add this to TREADLE_TRUSTED_PROXIES, behind a comma; where the proxy "
        "is one of several or changes its address (Kubernetes), their range. Then start it again"
    )
    return Fix(where, f",{arrived.peer}")


def _plain_host(host: str, scheme: str) -> str:
    return host.lower().removesuffix(_PORTS.get(scheme, ""))


# What the proxies let through.


def _uploads(seen: Seen, arrived: Arrived, proxy: str) -> Check:
    if not seen.uploads:
        return untried("way", "Uploads", "None was tried.")
    passed = max((each.size_bytes for each in seen.uploads if each.came_through), default=0)
    refused = min((each.size_bytes for each in seen.uploads if not each.came_through), default=0)
    if not refused:
        return well("way", "Uploads", _passed(seen.uploads))
    status = next(each.status for each in seen.uploads if each.size_bytes == refused)
    how = f"refused with {status}" if status else "broken off"
    told = f"A body of {_size(passed)} came through, one of {_size(refused)} was {how} before the server."
    fixes = fixes_for("body", proxy)
    if refused > _USUAL_BYTES and status == _TOO_LARGE:
        wrong = f"The server takes up to {_size(arrived.most_upload_bytes)}; whoever sends that much fails."
        lower = setting(f"TREADLE_MAX_UPLOAD_BYTES={passed}")
        return _warning("Uploads", "body-limit", told, wrong, (*fixes, lower))
    wrong = "Pictures, exports and models above that size cannot be uploaded."
    return _fault("Uploads", "body-limit", told, wrong, fixes)


def _passed(uploads: Iterable[Upload]) -> str:
    """What came through; of what was only announced it is known that nobody refused it."""
    sent = max((each.size_bytes for each in uploads if not each.is_announced), default=0)
    announced = max((each.size_bytes for each in uploads if each.is_announced), default=0)
    more = f", and one of {_size(announced)} was not refused when it was announced" if announced else ""
    return f"A body of {_size(sent)} came through{more}."


def _silence(seen: Seen, proxy: str) -> Check:
    tried = seen.silence
    if tried is None:
        return untried("way", "Time-outs", "None was tried.")
    if 0 < tried.status < 400:
        return well("way", "Time-outs", f"An answer that took {tried.asked_s:.0f} s came through.")
    if tried.status in _BUSY and tried.took_s < _AT_ONCE_S:
        return untried("way", "Time-outs", f"It answered {tried.status} at once. Try again.")
    how = f"with {tried.status}" if tried.status else "by hanging up"
    told = f"An answer that takes {tried.asked_s:.0f} s was cut off after {tried.took_s:.1f} s, {how}."
    wrong = (
        "Commits of large archives, imports and models that think are given up, though the server goes on "
        "with them."
    )
    return _fault("Time-outs", "read-time-out", told, wrong, fixes_for("time", proxy))


def _events(seen: Seen, proxy: str) -> Check:
    tried = seen.events
    if tried is None:
        return untried("way", "Streams", "None was tried.")
    if not 0 < tried.status < 400:
        told = (
            f"A stream of {tried.apart_s:.0f} s broke off{f' with {tried.status}' if tried.status else ''}."
        )
        wrong = "Answers that come bit by bit do not arrive."
        return _fault("Streams", "stream-cut", told, wrong, fixes_for("time", proxy))
    if not tried.is_held:
        return well("way", "Streams", "What was sent bit by bit arrived bit by bit.")
    told = f"Two events that were sent {tried.apart_s:.0f} s apart arrived together."
    wrong = (
        "Nothing is seen of an answer that comes bit by bit until it is whole: a download shows no progress, "
        "and lies on the proxy's disk meanwhile."
    )
    return _fault("Streams", "events-held", told, wrong, fixes_for("buffering", proxy))


def _clock(ahead_s: float) -> Check:
    off_s = abs(ahead_s)
    told = f"It goes {off_s:.0f} s {'after' if ahead_s > 0 else 'before'} that of whoever asks."
    if off_s < _CLOCK_WARNING_S:
        return well("way", "Clock", "The server's clock agrees with that of whoever asks.")
    wrong = "Signed addresses and tokens with an end are refused, or hold too long."
    fixes = (Fix("On the machine whose clock is wrong", "timedatectl set-ntp true"),)
    if off_s < _CLOCK_FAULT_S:
        return _warning("Clock", "clock-differs", told, wrong, fixes)
    return _fault("Clock", "clock-differs", told, wrong, fixes)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / _MB:,.1f} MB" if size_bytes < 1000 * _MB else f"{size_bytes / 1000 / _MB:,.1f} GB"
