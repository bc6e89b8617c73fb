"""The commands of administration with their arguments; what they do is in `treadle.cli.admin_verbs`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from treadle.cli.command import Command
from treadle.settings import Settings

Add = Callable[[ArgumentParser], None]

_ROLES = ("viewer", "annotator", "reviewer", "editor", "manager", "owner")


def _run(name: str) -> Callable[[Settings, Namespace], int]:
    def run(settings: Settings, arguments: Namespace) -> int:
        from treadle.cli.admin_verbs import run_verb

        return run_verb(name, settings, arguments)

    return run


def _nothing(_parser: ArgumentParser) -> None:
    pass


def _person(parser: ArgumentParser) -> None:
    parser.add_argument("who", metavar="EMAIL", help="whose account")


def _people(parser: ArgumentParser) -> None:
    parser.add_argument("search", nargs="?", default="", metavar="TEXT", help="in the address or the name")
    parser.add_argument("--state", choices=("active", "deactivated", "admins", "all"), default="active")


def _invite(parser: ArgumentParser) -> None:
    _person(parser)
    parser.add_argument("--first-name", default="", metavar="TEXT")
    parser.add_argument("--last-name", default="", metavar="TEXT")
    parser.add_argument("--workspace", default="", metavar="NAME", help="with a role there")
    parser.add_argument("--role", default="annotator", choices=_ROLES, help="which; else annotator")


def _workspace(parser: ArgumentParser) -> None:
    parser.add_argument("workspace", metavar="WORKSPACE", help="its name")


def _new_workspace(parser: ArgumentParser) -> None:
    _workspace(parser)
    parser.add_argument("--title", default="", metavar="TEXT", help="as people read it")


def _rename(parser: ArgumentParser) -> None:
    _workspace(parser)
    parser.add_argument("--name", default=None, metavar="NAME", help="the new name")
    parser.add_argument("--title", default=None, metavar="TEXT", help="the new title")


def _purge(parser: ArgumentParser) -> None:
    _workspace(parser)
    parser.add_argument(
        "--older-than", type=int, required=True, metavar="DAYS", help="what was deleted so long ago; 0: all"
    )
    parser.add_argument("--yes", action="store_true", help="do it; else only tell what would go")


def _member(parser: ArgumentParser) -> None:
    _workspace(parser)
    _person(parser)


def _role(parser: ArgumentParser) -> None:
    _member(parser)
    parser.add_argument("role", choices=_ROLES, metavar="ROLE", help=", ".join(_ROLES))


def _tokens(parser: ArgumentParser) -> None:
    parser.add_argument(
        "search", nargs="?", default="", metavar="TEXT", help="in its name, its owner's or its access key id"
    )
    parser.add_argument("--owner", default=None, metavar="EMAIL", help="only theirs")


def _token(parser: ArgumentParser) -> None:
    parser.add_argument("token", type=int, metavar="ID", help="as the list tells it")


def _any_token(parser: ArgumentParser) -> None:
    parser.add_argument("token", metavar="ID", help="as the list tells it; of an S3 key its access key id")


def _new_token(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True, metavar="TEXT", help="what will use it")
    parser.add_argument("--read-only", action="store_true", help="it may change nothing")
    parser.add_argument("--days", type=int, default=None, metavar="NUMBER", help="for so long; else no end")


def _own_token(parser: ArgumentParser) -> None:
    _new_token(parser)
    parser.add_argument("--workspace", default=None, metavar="NAME", help="it reaches only this one")


def _accounts(parser: ArgumentParser) -> None:
    parser.add_argument("workspace", nargs="?", default=None, metavar="WORKSPACE", help="only its own")


def _account(parser: ArgumentParser) -> None:
    _workspace(parser)
    parser.add_argument("account", metavar="NAME", help="the service account's name")


def _new_account(parser: ArgumentParser) -> None:
    _account(parser)
    parser.add_argument("--role", required=True, choices=_ROLES[:-1], help="what it may, up to your own")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it is for")


def _account_token(parser: ArgumentParser) -> None:
    _account(parser)
    _new_token(parser)


def _one_account_token(parser: ArgumentParser) -> None:
    _account(parser)
    _token(parser)


def _audit(parser: ArgumentParser) -> None:
    parser.add_argument("--workspace", default=None, metavar="NAME", help="only its own lines")
    parser.add_argument(
        "--who", default=None, metavar="EMAIL", help="only theirs; of a service account its id"
    )
    parser.add_argument("--action", default="", metavar="TEXT", help="only this, such as token.created")
    parser.add_argument("--outcome", default="", choices=("done", "refused"), help="only with this end")
    parser.add_argument("--since", default="", metavar="WHEN", help="2026-11-21 or 2026-11-21T08:30:00Z")
    parser.add_argument("--until", default="", metavar="WHEN", help="before this instant")


def _audit_list(parser: ArgumentParser) -> None:
    _audit(parser)
    parser.add_argument("-n", "--limit", type=int, default=50, metavar="NUMBER", help="at most; else 50")


def _audit_export(parser: ArgumentParser) -> None:
    _audit(parser)
    parser.add_argument("--format", default="csv", choices=("csv", "jsonl"), help="else csv")
    parser.add_argument("-o", "--output", default="-", metavar="PATH", help="where to; else standard output")


#: Every command of administration: its name, what it does, its arguments.
_VERBS: tuple[tuple[str, str, Add], ...] = (
    ("person list", "list everybody with an account", _people),
    ("person invite", "make an account, and a link by which they set a password", _invite),
    ("person deactivate", "let nobody come in by an account any more; its tokens end", _person),
    ("person reactivate", "let somebody sign in again", _person),
    ("person promote", "make somebody an organisation admin", _person),
    ("person demote", "leave somebody only the roles that they hold", _person),
    ("person reset-password", "make a link by which somebody sets a new password", _person),
    ("workspace list", "list every workspace, with how much is in it", _nothing),
    ("workspace create", "make a workspace", _new_workspace),
    ("workspace rename", "give a workspace another name or title", _rename),
    ("workspace delete", "end an empty workspace", _workspace),
    ("workspace purge", "free deleted runs and experiments for good, with their files", _purge),
    ("workspace members", "list who has a role in a workspace", _workspace),
    ("workspace give-role", "make somebody a member, or change their role", _role),
    ("workspace take-role", "let somebody be a member no longer", _member),
    ("token list", "list everybody's tokens and S3 keys, without their secrets", _tokens),
    ("token create", "make a token of your own", _own_token),
    ("token revoke", "end a token or an S3 key, whosever it is", _any_token),
    ("service-account list", "list service accounts", _accounts),
    ("service-account create", "make a service account", _new_account),
    ("service-account disable", "end a service account and its tokens at once", _account),
    ("service-account enable", "let a service account get tokens again", _account),
    ("service-account tokens", "list its tokens", _account),
    ("service-account create-token", "make it a token", _account_token),
    ("service-account revoke-token", "end a token of its", _one_account_token),
    ("audit list", "tell who did what, newest first", _audit_list),
    ("audit export", "write the audit log as a file", _audit_export),
)

#: What the first words are about.
ADMIN_GROUPS = {
    "admin": "people, workspaces, tokens, service accounts and the audit log",
    "admin person": "people",
    "admin workspace": "workspaces and their members",
    "admin token": "tokens",
    "admin service-account": "programs with a name of their own",
    "admin audit": "the audit log",
}


def _with_server(add: Add) -> Add:
    def add_all(parser: ArgumentParser) -> None:
        add(parser)
        parser.add_argument("--url", metavar="URL", help="the server; else TREADLE_URL or treadle login's")
        parser.add_argument("--json", action="store_true", help="print JSON, one value a line")

    return add_all


ADMIN_COMMANDS: tuple[Command, ...] = tuple(
    Command(f"admin {name}", help, _run(name), ("data_dir",), _with_server(add)) for name, help, add in _VERBS
)
