"""Finding what is wrong with an installation, from a terminal: through its proxies, or where its data is."""

from __future__ import annotations

import textwrap
from argparse import Namespace
from collections.abc import Sequence

from treadle.cli.printing import Printer
from treadle.client.addresses import TOKEN_VARIABLE, authorization_before, parse_address, token_for
from treadle.doctor.checks import Check, Place, State, faults_of
from treadle.doctor.trying import Plan, Site, ask_installation, try_way
from treadle.doctor.way import judge
from treadle.errors import Invalid
from treadle.late import late
from treadle.settings import Settings

#: It imports the server, which looking from elsewhere neither needs nor waits for.
_look_here = late("treadle.cli.doctor_here:look_here")
#: With a fault; what could not be looked at at all ends with 1, as every command does.
FAULTY = 2
_MOST_WAIT_S = 600.0
_TITLES: dict[Place, str] = {"way": "The way to it", "machine": "Its machine", "parts": "Its parts"}
_SHOWN: dict[State, str] = {"well": "well", "warning": "WARNING", "fault": "FAULT", "untried": "untried"}
_WIDTH = 100


def examine(settings: Settings, arguments: Namespace) -> int:
    """Look, and print what was found; the exit status."""
    out = Printer(arguments.json)
    checks = _from_outside(arguments, out) if arguments.url else _look_here(settings)
    _print(checks, out)
    return FAULTY if faults_of(checks) else 0


def _from_outside(arguments: Namespace, out: Printer) -> list[Check]:
    address = parse_address(arguments.url)
    if address.socket_path is not None:
        raise Invalid("server-address", "Give the address that people reach the server by: https://…")
    if not 0 < arguments.wait <= _MOST_WAIT_S:
        raise Invalid("wait", f"--wait takes seconds up to {_MOST_WAIT_S:g}.")
    token = arguments.token or token_for(address)
    if not token:
        text = (
            f"Looking at {address} takes the token of an organisation admin. Make one on {address}/account, "
            f"then give it by --token or {TOKEN_VARIABLE}."
        )
        raise Invalid("token-needed", text)
    site = Site(address.scheme, address.host, address.port, address.prefix)
    out.remark(f"Looking at {site}; an answer that comes late is waited for {arguments.wait:g} s.")
    before = authorization_before(address)
    seen = try_way(site, token, Plan(wait_s=arguments.wait), authorization=before)
    checks = judge(seen)
    return [*checks, *ask_installation(site, token, authorization=before)] if seen.arrived else checks


def _print(checks: Sequence[Check], out: Printer) -> None:
    place = ""
    for check in checks:
        if check.place != place and not out.is_json:
            print(f"\n{_TITLES[check.place]}")
        place = check.place
        out.tell(_shown(check), check)
    faults, warnings = (sum(check.state == state for check in checks) for state in ("fault", "warning"))
    if not out.is_json:
        print(f"\n{_counted(faults, 'fault')}, {_counted(warnings, 'warning')}.")


def _shown(check: Check) -> str:
    lines = [f"{_SHOWN[check.state]:8} {check.name}: {check.seen}"]
    if check.wrong:
        lines += textwrap.wrap(check.wrong, _WIDTH, initial_indent=" " * 9, subsequent_indent=" " * 9)
    for number, fix in enumerate(check.fixes):
        lines.append(f"{'':9}{'Or: ' if number else 'Do: '}{fix.where}")
        lines += [f"{'':13}{line}" for line in fix.lines.splitlines()]
    return "\n".join(_plain(line) for line in lines)


def _plain(line: str) -> str:
    """What a proxy or a disk said cannot steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
