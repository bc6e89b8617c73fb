"""Administration from Python: people, workspaces, tokens, service accounts and the audit log.

    from treadle.client import connect

    admin = connect("https://treadle.example.org", token).admin
    account = admin.create_service_account("team", "nightly", role="editor")
    print(admin.create_service_token("team", account.name, name="cron", scope="read").token)

A workspace is named by its name or its id, a person by the e-mail address or the id. What concerns the whole
installation needs an organisation admin; what concerns one workspace, those who manage it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

from treadle.client.admin_values import (
    AdminPerson,
    AdminWorkspace,
    AnybodysToken,
    AuditLine,
    AuditPage,
    Invited,
    Member,
    NewToken,
    PasswordLink,
    People,
    Purgeable,
    SeenWorkspace,
    ServiceAccount,
    Token,
    Tokens,
)
from treadle.client.answers import Started
from treadle.client.connection import Connection, Query
from treadle.errors import NotFound

_PAGE = 500

Named = int | str


@dataclass(frozen=True)
class AuditFilter:
    """Only lines that meet all of these; instants as ``2026-11-21`` or ``2026-11-21T08:30:00Z``.

    outcome: done or refused.
    """

    actor: int | None = None
    action: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""


_EVERYTHING = AuditFilter()


class Admin:
    """What may be administered with one token. Every method raises what the server refuses it with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # People

    def list_people(self, search: str = "", state: str = "active") -> Iterator[AdminPerson]:
        """By e-mail address; ``state`` is active, deactivated, admins or all."""
        for page in count(1):
            query: Query = {"search": search, "state": state, "page": page, "page_size": _PAGE}
            found = self._connection.ask_json(People, "GET", "/api/admin/people/", query)
            yield from found.results
            if page * _PAGE >= found.count:
                return

    def person(self, who: Named) -> AdminPerson:
        """One of them. Raises NotFound("user-not-found")."""
        if isinstance(who, int):
            return self._connection.ask_json(AdminPerson, "GET", f"/api/admin/people/{who}/")
        wanted = who.strip().lower()
        for each in self.list_people(wanted, "all"):
            if each.email == wanted:
                return each
        raise NotFound("user-not-found", f"Nobody here has the e-mail address {who!r}.")

    def invite(
        self, email: str, *, first_name: str = "", last_name: str = "", workspace: Named = 0, role: str = ""
    ) -> Invited:
        """Somebody new, with a role where a workspace is named, and the link by which they set a password."""
        sent: dict[str, Any] = {"email": email, "first_name": first_name, "last_name": last_name}
        if workspace:
            sent |= {"workspace": self.workspace_id(workspace), "role": role or "annotator"}
        return self._connection.ask_json(Invited, "POST", "/api/admin/people/", sent=sent)

    def change_person(self, who: Named, **changes: bool | str) -> AdminPerson:
        """Set ``is_active``, ``is_admin``, ``first_name`` or ``last_name``."""
        path = f"/api/admin/people/{self._person_id(who)}/"
        return self._connection.ask_json(AdminPerson, "PATCH", path, sent=changes)

    def make_password_link(self, who: Named) -> PasswordLink:
        """A link by which they set a password, once."""
        path = f"/api/admin/people/{self._person_id(who)}/password-link/"
        return self._connection.ask_json(PasswordLink, "POST", path)

    # Workspaces

    def list_workspaces(self) -> list[AdminWorkspace]:
        """Every one, with how much is in it."""
        return self._connection.ask_json(list[AdminWorkspace], "GET", "/api/admin/workspaces/")

    def create_workspace(self, name: str, title: str = "") -> SeenWorkspace:
        """A new one, owned by whose token it is."""
        sent = {"name": name, "title": title}
        return self._connection.ask_json(SeenWorkspace, "POST", "/api/workspaces", sent=sent)

    def change_workspace(self, workspace: Named, **changes: str) -> SeenWorkspace:
        """Set its ``name`` or ``title``."""
        return self._connection.ask_json(SeenWorkspace, "PATCH", self._place(workspace), sent=changes)

    def delete_workspace(self, workspace: Named) -> None:
        """End an empty one. Raises Conflict("workspace-not-empty")."""
        self._connection.ask("DELETE", self._place(workspace)).close()

    def find_purgeable(self, workspace: Named, older_than_days: int) -> Purgeable:
        """What `start_purge` would free now."""
        asked: Query = {"workspace": self.workspace_id(workspace), "older_than_days": older_than_days}
        return self._connection.ask_json(Purgeable, "GET", "/api/tracking/purge/", asked)

    def start_purge(self, workspace: Named, older_than_days: int) -> str:
        """Free for good what was deleted of runs and experiments so many days ago; the id of the job.

        Raises Conflict("purge-running").
        """
        sent = {"workspace": self.workspace_id(workspace), "older_than_days": older_than_days}
        return self._connection.ask_json(Started, "POST", "/api/tracking/purge/", sent=sent).job

    def list_members(self, workspace: Named) -> list[Member]:
        """Who has a role there."""
        return self._connection.ask_json(list[Member], "GET", f"{self._place(workspace)}/members")

    def give_role(self, workspace: Named, who: Named, role: str) -> Member:
        """Make somebody a member, or change their role."""
        sent = {"user": who, "role": role}
        return self._connection.ask_json(Member, "POST", f"{self._place(workspace)}/members", sent=sent)

    def take_role(self, workspace: Named, who: Named) -> None:
        """They are no member any more."""
        found = [each for each in self.list_members(workspace) if who in (each.user.id, each.user.email)]
        if not found:
            raise NotFound("member-not-found", f"{who} is no member of the workspace {workspace}.")
        self._connection.ask("DELETE", f"{self._place(workspace)}/members/{found[0].user.id}").close()

    def workspace_id(self, workspace: Named) -> int:
        """The id of a workspace that one sees. Raises NotFound("workspace-not-found")."""
        if isinstance(workspace, int):
            return workspace
        for each in self._connection.ask_json(list[SeenWorkspace], "GET", "/api/workspaces"):
            if each.name == workspace:
                return each.id
        raise NotFound("workspace-not-found", f"There is no workspace {workspace!r} that you can see.")

    # Tokens

    def list_tokens(self, search: str = "", owner: Named | None = None) -> Iterator[AnybodysToken]:
        """Everybody's that work, newest first, without their secrets; S3 keys, too."""
        owner_id = None if owner is None else self._person_id(owner)
        for page in count(1):
            query = {"search": search, "owner": owner_id, "page": page, "page_size": _PAGE}
            found = self._connection.ask_json(Tokens, "GET", "/api/admin/tokens/", query)
            yield from found.results
            if page * _PAGE >= found.count:
                return

    def revoke_token(self, token_id: int) -> None:
        """Anybody's works no longer."""
        self._connection.ask("DELETE", f"/api/admin/tokens/{token_id}/").close()

    def revoke_s3_key(self, access_key_id: str) -> None:
        """Anybody's S3 key works no longer, nor does what was signed with it."""
        self._connection.ask("DELETE", f"/api/admin/s3-keys/{quote(access_key_id, safe='')}/").close()

    def create_token(
        self, name: str, *, scope: str = "all", workspace: Named | None = None, days: int | None = None
    ) -> NewToken:
        """One of one's own; ``scope`` is all or read."""
        sent = {"name": name, "scope": scope, "workspace": workspace, "expires_in_days": days}
        return self._connection.ask_json(NewToken, "POST", "/api/tokens", sent=sent)

    # Service accounts

    def list_service_accounts(self, workspace: Named | None = None) -> list[ServiceAccount]:
        """Those of a workspace, or every one."""
        path = "/api/admin/service-accounts/" if workspace is None else self._services(workspace)
        return self._connection.ask_json(list[ServiceAccount], "GET", path)

    def create_service_account(
        self, workspace: Named, name: str, *, role: str, description: str = ""
    ) -> ServiceAccount:
        """A new one, with a role up to one's own, and never owner."""
        sent = {"name": name, "role": role, "description": description}
        return self._connection.ask_json(ServiceAccount, "POST", self._services(workspace), sent=sent)

    def change_service_account(
        self, workspace: Named, account: Named, **changes: bool | str
    ) -> ServiceAccount:
        """Set its ``role``, ``description`` or ``is_active``; disabling ends its tokens for good."""
        path = self._service(workspace, account)
        return self._connection.ask_json(ServiceAccount, "PATCH", path, sent=changes)

    def list_service_tokens(self, workspace: Named, account: Named) -> list[Token]:
        """Its tokens that work."""
        path = f"{self._service(workspace, account)}tokens/"
        return self._connection.ask_json(list[Token], "GET", path)

    def create_service_token(
        self, workspace: Named, account: Named, *, name: str, scope: str = "all", days: int | None = None
    ) -> NewToken:
        """A token for it; its text is told this once."""
        sent = {"name": name, "scope": scope, "expires_in_days": days}
        path = f"{self._service(workspace, account)}tokens/"
        return self._connection.ask_json(NewToken, "POST", path, sent=sent)

    def revoke_service_token(self, workspace: Named, account: Named, token_id: int) -> None:
        """It works no longer."""
        self._connection.ask("DELETE", f"{self._service(workspace, account)}tokens/{token_id}/").close()

    # The audit log

    def audit(
        self, only: AuditFilter = _EVERYTHING, *, workspace: Named | None = None
    ) -> Iterator[AuditLine]:
        """Newest first: of a workspace, or of the whole installation."""
        before: int | None = None
        while True:
            query = {**asdict(only), "before": before, "page_size": _PAGE}
            page = self._connection.ask_json(AuditPage, "GET", self._log(workspace), query)
            yield from page.results
            before = page.next_before
            if before is None:
                return

    def export_audit(
        self, kind: str = "csv", only: AuditFilter = _EVERYTHING, *, workspace: Named | None = None
    ) -> Iterator[bytes]:
        """The log as a file, as it comes; ``kind`` is csv or jsonl."""
        query = {**asdict(only), "format": kind}
        with self._connection.ask("GET", f"{self._log(workspace)}/export", query) as answer:
            yield from answer.chunks()

    def _log(self, workspace: Named | None) -> str:
        return "/api/audit-log" if workspace is None else f"{self._place(workspace)}/audit-log"

    def _place(self, workspace: Named) -> str:
        return f"/api/workspaces/{self.workspace_id(workspace)}"

    def _services(self, workspace: Named) -> str:
        return f"{self._place(workspace)}/service-accounts/"

    def _service(self, workspace: Named, account: Named) -> str:
        if isinstance(account, int):
            return f"{self._services(workspace)}{account}/"
        for each in self.list_service_accounts(workspace):
            if account in (each.name, each.email):
                return f"{self._services(each.workspace.id)}{each.id}/"
        raise NotFound(
            "service-account-not-found", f"There is no service account {account!r} in {workspace}."
        )

    def _person_id(self, who: Named) -> int:
        return who if isinstance(who, int) else self.person(who).id
