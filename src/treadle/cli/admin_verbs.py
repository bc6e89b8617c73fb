"""What the commands of administration do: ask a server, print what it says."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from treadle.cli.following import follow
from treadle.cli.printing import Printer, shown_size
from treadle.cli.servers import open_client
from treadle.client.admin import Admin, AuditFilter
from treadle.client.admin_values import AdminPerson, NewToken, PasswordLink, ServiceAccount, Token
from treadle.client.repos import Client
from treadle.settings import Settings


@dataclass(frozen=True)
class Ask:
    """One command as it was typed."""

    client: Client
    arguments: Namespace
    out: Printer
    #: Of the server, for links; "" where it is asked without one.
    address: str

    @property
    def admin(self) -> Admin:
        """What the client administers with."""
        return self.client.admin

    @property
    def days(self) -> int | None:
        """How long a new token shall work."""
        days: int | None = self.arguments.days
        return days

    @property
    def scope(self) -> str:
        """What a new token shall let through."""
        return "read" if self.arguments.read_only else "all"


def run_verb(name: str, settings: Settings, arguments: Namespace) -> int:
    """Do one of `VERBS`; the exit status."""
    with open_client(settings, arguments) as client:
        address = client.connection.address
        where = "" if address.scheme == "unix" else str(address)
        ask = Ask(client, arguments, Printer(arguments.json), where)
        VERBS[name](ask)
    return 0


def _list_people(ask: Ask) -> None:
    for each in ask.admin.list_people(ask.arguments.search, ask.arguments.state):
        ask.out.tell(_shown_person(each), each)


def _invite(ask: Ask) -> None:
    typed = ask.arguments
    made = ask.admin.invite(
        typed.who,
        first_name=typed.first_name,
        last_name=typed.last_name,
        workspace=typed.workspace or 0,
        role=typed.role,
    )
    ask.out.tell(_shown_link(ask, made.person.email, made.link), made)


def _deactivate(ask: Ask) -> None:
    _change_person(ask, "is deactivated; their sessions and tokens ended", is_active=False)


def _reactivate(ask: Ask) -> None:
    _change_person(ask, "may sign in again", is_active=True)


def _promote(ask: Ask) -> None:
    _change_person(ask, "is an organisation admin", is_admin=True)


def _demote(ask: Ask) -> None:
    _change_person(ask, "is no organisation admin", is_admin=False)


def _change_person(ask: Ask, told: str, **changes: bool) -> None:
    person = ask.admin.change_person(ask.arguments.who, **changes)
    ask.out.tell(f"{person.email} {told}.", person)


def _reset_password(ask: Ask) -> None:
    link = ask.admin.make_password_link(ask.arguments.who)
    ask.out.tell(_shown_link(ask, ask.arguments.who, link), link)


def _list_workspaces(ask: Ask) -> None:
    for each in ask.admin.list_workspaces():
        counts = f"{each.people:>5} people {each.service_accounts:>4} service accounts"
        ask.out.tell(f"{each.name:24} {counts} {each.projects:>5} projects {each.repos:>5} repos", each)


def _create_workspace(ask: Ask) -> None:
    made = ask.admin.create_workspace(ask.arguments.workspace, ask.arguments.title)
    ask.out.tell(made.name, made)


def _rename_workspace(ask: Ask) -> None:
    given = {"name": ask.arguments.name, "title": ask.arguments.title}
    changes = {name: value for name, value in given.items() if value is not None}
    changed = ask.admin.change_workspace(ask.arguments.workspace, **changes)
    ask.out.tell(f"{changed.name}: {changed.title}", changed)


def _delete_workspace(ask: Ask) -> None:
    ask.admin.delete_workspace(ask.arguments.workspace)
    ask.out.tell(f"Deleted {ask.arguments.workspace}.", {"deleted": ask.arguments.workspace})


def _purge_workspace(ask: Ask) -> None:
    workspace, days = ask.arguments.workspace, ask.arguments.older_than
    if not ask.arguments.yes:
        found = ask.admin.find_purgeable(workspace, days)
        size = f"{'' if found.is_whole else 'at least '}{shown_size(found.size_bytes)}"
        told = _shown_purged(found.experiments, found.runs, size)
        ask.out.tell(f"Would free {told}. Nothing brings it back; add --yes to do it.", found)
        return
    job = ask.admin.start_purge(workspace, days)
    if not ask.address:
        ask.out.tell(f"Job {job} waits for the next treadle serve of this folder.", {"job": job})
        return
    done = follow(ask.client, job, "Freeing")
    kept = f" {done['kept']} kept their files for registered models." if done["kept"] else ""
    told = _shown_purged(done["experiments"], done["runs"], shown_size(done["size_bytes"]))
    ask.out.tell(f"Freed {told}.{kept}", done)


def _list_members(ask: Ask) -> None:
    for each in ask.admin.list_members(ask.arguments.workspace):
        mark = "  service account" if each.user.is_service_account else ""
        ask.out.tell(f"{each.role:10} {each.user.email}{mark}", each)


def _give_role(ask: Ask) -> None:
    member = ask.admin.give_role(ask.arguments.workspace, ask.arguments.who, ask.arguments.role)
    ask.out.tell(f"{member.user.email} is {member.role} in {ask.arguments.workspace}.", member)


def _take_role(ask: Ask) -> None:
    ask.admin.take_role(ask.arguments.workspace, ask.arguments.who)
    told = {"removed": ask.arguments.who}
    ask.out.tell(f"{ask.arguments.who} is no member of {ask.arguments.workspace} any more.", told)


def _list_tokens(ask: Ask) -> None:
    for each in ask.admin.list_tokens(ask.arguments.search, ask.arguments.owner):
        ask.out.tell(f"{_shown_token(each, each.access_key_id)}  {each.owner.email}", each)


def _create_token(ask: Ask) -> None:
    typed = ask.arguments
    made = ask.admin.create_token(typed.name, scope=ask.scope, workspace=typed.workspace, days=ask.days)
    _tell_secret(ask, made)


def _revoke_token(ask: Ask) -> None:
    name: str = ask.arguments.token
    if name.isascii() and name.isdecimal():
        ask.admin.revoke_token(int(name))
        ask.out.tell(f"Token {name} is revoked.", {"revoked": int(name)})
    else:
        ask.admin.revoke_s3_key(name)
        ask.out.tell(f"The S3 key {name} is revoked.", {"revoked": name})


def _list_accounts(ask: Ask) -> None:
    for each in ask.admin.list_service_accounts(ask.arguments.workspace):
        ask.out.tell(_shown_account(each), each)


def _create_account(ask: Ask) -> None:
    typed = ask.arguments
    made = ask.admin.create_service_account(
        typed.workspace, typed.account, role=typed.role, description=typed.description
    )
    ask.out.tell(f"{made.name} is {made.role} in {made.workspace.name}, as {made.email}", made)


def _disable_account(ask: Ask) -> None:
    _change_account(ask, "is disabled; its tokens ended", is_active=False)


def _enable_account(ask: Ask) -> None:
    _change_account(ask, "may get tokens again", is_active=True)


def _change_account(ask: Ask, told: str, *, is_active: bool) -> None:
    typed = ask.arguments
    changed = ask.admin.change_service_account(typed.workspace, typed.account, is_active=is_active)
    ask.out.tell(f"{changed.name} {told}.", changed)


def _list_account_tokens(ask: Ask) -> None:
    for each in ask.admin.list_service_tokens(ask.arguments.workspace, ask.arguments.account):
        ask.out.tell(_shown_token(each), each)


def _create_account_token(ask: Ask) -> None:
    typed = ask.arguments
    made = ask.admin.create_service_token(
        typed.workspace, typed.account, name=typed.name, scope=ask.scope, days=ask.days
    )
    _tell_secret(ask, made)


def _revoke_account_token(ask: Ask) -> None:
    typed = ask.arguments
    ask.admin.revoke_service_token(typed.workspace, typed.account, typed.token)
    ask.out.tell(f"Token {typed.token} of {typed.account} is revoked.", {"revoked": typed.token})


def _list_audit(ask: Ask) -> None:
    lines = ask.admin.audit(_filter(ask), workspace=ask.arguments.workspace)
    for each in islice(lines, ask.arguments.limit):
        who, where = each.actor or "the server", each.workspace or "-"
        mark = "refused" if each.outcome == "refused" else "done"
        shown = f"{_shown_time(each.at)}  {mark:7}  {where:16}  {who}  {each.action}  {each.subject}"
        ask.out.tell(shown, each)


def _export_audit(ask: Ask) -> None:
    typed = ask.arguments
    chunks = ask.admin.export_audit(typed.format, _filter(ask), workspace=typed.workspace)
    if typed.output == "-":
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        return
    with Path(typed.output).open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    ask.out.tell(f"Wrote {typed.output}.", {"written": typed.output})


def _filter(ask: Ask) -> AuditFilter:
    typed = ask.arguments
    actor = None
    if typed.who is not None:
        actor = int(typed.who) if typed.who.isdecimal() else ask.admin.person(typed.who).id
    return AuditFilter(actor, typed.action, typed.outcome, typed.since, typed.until)


def _shown_person(person: AdminPerson) -> str:
    roles = ", ".join(f"{each.workspace_name}: {each.role}" for each in person.roles) or "no role"
    marks = ("admin" if person.is_admin else "", "" if person.is_active else "deactivated")
    told = "  ".join(mark for mark in marks if mark)
    return f"{person.email}  {roles}{'  ' if told else ''}{told}"


def _shown_link(ask: Ask, email: str, link: PasswordLink) -> str:
    until = _shown_time(link.expires_at)
    return f"Hand this to {email}; it works once, until {until}:\n{ask.address}{link.url}"


def _shown_token(token: Token, access_key_id: str | None = None) -> str:
    """access_key_id: of an S3 key, by which it is revoked."""
    reach = token.workspace.name if token.workspace else "all workspaces"
    used = _shown_time(token.last_used_at) if token.last_used_at else "never used"
    return f"{access_key_id or token.id:>6}  {token.scope:4}  {reach:16}  {used:16}  {token.name}"


def _shown_purged(experiments: int, runs: int, size: str) -> str:
    return f"{experiments:,} experiments, {runs:,} runs and {size} of files"


def _shown_account(account: ServiceAccount) -> str:
    state = account.role or "no role" if account.is_active else "disabled"
    used = _shown_time(account.last_used_at) if account.last_used_at else "never used"
    return f"{account.workspace.name:16}  {state:10}  {used:16}  {account.tokens:>3} tokens  {account.name}"


def _tell_secret(ask: Ask, made: NewToken) -> None:
    ask.out.remark("Keep it now: it is told this once.")
    ask.out.tell(made.token, made)


def _shown_time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M")


#: What each command does, by its name.
VERBS: Mapping[str, Callable[[Ask], None]] = {
    "person list": _list_people,
    "person invite": _invite,
    "person deactivate": _deactivate,
    "person reactivate": _reactivate,
    "person promote": _promote,
    "person demote": _demote,
    "person reset-password": _reset_password,
    "workspace list": _list_workspaces,
    "workspace create": _create_workspace,
    "workspace rename": _rename_workspace,
    "workspace delete": _delete_workspace,
    "workspace purge": _purge_workspace,
    "workspace members": _list_members,
    "workspace give-role": _give_role,
    "workspace take-role": _take_role,
    "token list": _list_tokens,
    "token create": _create_token,
    "token revoke": _revoke_token,
    "service-account list": _list_accounts,
    "service-account create": _create_account,
    "service-account disable": _disable_account,
    "service-account enable": _enable_account,
    "service-account tokens": _list_account_tokens,
    "service-account create-token": _create_account_token,
    "service-account revoke-token": _revoke_account_token,
    "audit list": _list_audit,
    "audit export": _export_audit,
}
