"""The commands of versioned data with their arguments; what they do is in `treadle.cli.repo_verbs`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from treadle.cli.command import Command
from treadle.settings import Settings

Add = Callable[[ArgumentParser], None]


def _run(name: str) -> Callable[[Settings, Namespace], int]:
    def run(settings: Settings, arguments: Namespace) -> int:
        from treadle.cli.repo_verbs import run_verb

        return run_verb(name, settings, arguments)

    return run


def _login(_settings: Settings, arguments: Namespace) -> int:
    from treadle.cli.login import login

    return login(arguments)


def _add_login(parser: ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the server, such as https://treadle.example.org")
    parser.add_argument("--token", metavar="TEXT", help="a token of yours; else it is asked for")


def _place(parser: ArgumentParser, name: str = "place", help: str = "such as team/images@master:/a") -> None:
    parser.add_argument(name, metavar=name.upper().replace("_", "-"), help=help)


def _message(parser: ArgumentParser) -> None:
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="why")


def _target(parser: ArgumentParser) -> None:
    _message(parser)
    parser.add_argument(
        "--stage",
        action="store_true",
        help="into the branch's shared open commit, to be finished later",
    )


def _repo_list(parser: ArgumentParser) -> None:
    parser.add_argument("workspace", nargs="?", default="", metavar="WORKSPACE", help="only its own")


def _repo_create(parser: ArgumentParser) -> None:
    _place(parser, "repo", "team/images, or images in your workspace, or of several in main")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it holds")


def _repo_delete(parser: ArgumentParser) -> None:
    _place(parser, "repo", "images or team/images")


def _ls(parser: ArgumentParser) -> None:
    _place(parser, help="such as images@master:/folder/, or with a pattern: images@master:/**/*.png")
    parser.add_argument("-R", "--recursive", action="store_true", help="all below, not one level")


def _put(parser: ArgumentParser) -> None:
    _place(parser, help="where to, such as images@master:/a.png")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("-f", "--file", metavar="FILE", help="a file, an address to fetch, or -")
    source.add_argument("-r", "--recursive", metavar="FOLDER", help="every file below a folder")
    source.add_argument(
        "--reference",
        metavar="ADDRESS",
        help="a file or all below a folder of a storage, such as s3://bucket/folder; nothing is copied",
    )
    parser.add_argument("--storage", type=int, metavar="ID", help="the storage that --reference lies in")
    _target(parser)


def _get(parser: ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("-r", "--recursive", action="store_true", help="every file below")
    parser.add_argument("-o", "--output", metavar="PATH", help="where to; - is the standard output")


def _rm(parser: ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("-r", "--recursive", action="store_true", help="every file below")
    _target(parser)


def _cp(parser: ArgumentParser) -> None:
    _place(parser, "source", "a file, or with a slash at its end a folder")
    _place(parser, "destination", "where to; on a branch, or in an open commit")
    _target(parser)


def _mv(parser: ArgumentParser) -> None:
    _place(parser, "source", "a file, or with a slash at its end a folder")
    _place(parser, "destination", "where to, on the same branch")
    _target(parser)


def _diff(parser: ArgumentParser) -> None:
    _place(parser, "old", "such as images@v1; alone: what this commit changed")
    parser.add_argument("new", nargs="?", metavar="NEW", help="such as images@master:/folder/")


def _log(parser: ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("-n", "--limit", type=int, metavar="NUMBER", help="at most so many")


def _merge(parser: ArgumentParser) -> None:
    _place(parser, "source", "what to merge, such as images@tidy")
    parser.add_argument(
        "--into", default="master", metavar="BRANCH", help="the branch it goes into; else master"
    )
    _message(parser)
    parser.add_argument("--prefer", choices=("ours", "theirs"), default="", help="the side of every conflict")
    parser.add_argument(
        "--resolve",
        action="append",
        default=[],
        metavar="PATH=SIDE",
        help="ours, theirs, base or delete for one path; may be repeated",
    )


def _branch_list(parser: ArgumentParser) -> None:
    _place(parser, "repo", "images or team/images")


def _branch_create(parser: ArgumentParser) -> None:
    _place(parser, help="the new branch, such as images@tidy")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--at", default="master", metavar="REF", help="where it begins; else at master")
    begin.add_argument("--empty", action="store_true", help="begin without files and history")


def _branch_reset(parser: ArgumentParser) -> None:
    _place(parser, help="the branch, such as images@master")
    parser.add_argument("head", metavar="REF", help="what it shall point to")
    parser.add_argument("--expected", metavar="COMMIT", help="refuse where it points elsewhere by now")


def _one_branch(parser: ArgumentParser) -> None:
    _place(parser, help="the branch, such as images@tidy")


def _tag_create(parser: ArgumentParser) -> None:
    _place(parser, help="the new tag, such as images@v1")
    parser.add_argument("--at", default="master", metavar="REF", help="what it names")
    _message(parser)


def _one_tag(parser: ArgumentParser) -> None:
    _place(parser, help="the tag, such as images@v1")


def _open_commit(parser: ArgumentParser) -> None:
    _place(parser, help="the open commit, such as images@ID; or a branch, for its shared one")


def _commit_finish(parser: ArgumentParser) -> None:
    _open_commit(parser)
    _message(parser)
    parser.add_argument(
        "--prefer",
        choices=("ours", "theirs"),
        default="",
        help="where the branch changed the same files meanwhile: ours are what was put, theirs the branch's",
    )


def _fsck(parser: ArgumentParser) -> None:
    _branch_list(parser)
    parser.add_argument(
        "--references", action="store_true", help="also that what files refer to in storages is there"
    )


def _one(parser: ArgumentParser) -> None:
    _place(parser)


#: Every command of versioned data: its name, what it does, its arguments.
_VERBS: tuple[tuple[str, str, Add], ...] = (
    ("repo create", "make a repo", _repo_create),
    ("repo list", "list repos", _repo_list),
    ("repo delete", "delete a repo; for 30 days it can be restored", _repo_delete),
    ("repo restore", "bring a deleted repo back", _repo_delete),
    ("put", "put a file or a folder into a repo", _put),
    ("ls", "list files", _ls),
    ("cat", "print a file", _one),
    ("get", "get a file or a folder", _get),
    ("rm", "remove a file or a folder", _rm),
    ("cp", "copy a file or a folder", _cp),
    ("mv", "move a file or a folder", _mv),
    ("diff", "tell what differs between two commits", _diff),
    ("log", "list the commits that led here", _log),
    ("blame", "tell which commit each line came with", _one),
    ("merge", "merge a branch, tag or commit into a branch", _merge),
    ("branch list", "list branches", _branch_list),
    ("branch create", "make a branch", _branch_create),
    ("branch reset", "let a branch point elsewhere", _branch_reset),
    ("branch delete", "remove a branch; its commits stay", _one_branch),
    ("tag list", "list tags", _branch_list),
    ("tag create", "name a commit for good", _tag_create),
    ("tag delete", "remove a tag", _one_tag),
    ("commit start", "open a commit, which takes files until it is finished", _one_branch),
    ("commit finish", "finish an open commit", _commit_finish),
    ("commit abandon", "forget an open commit and what is in it", _open_commit),
    ("fsck", "check every byte of a repo", _fsck),
    ("gc", "free what no commit of a repo holds any more", _branch_list),
)


def _with_server(add: Add) -> Add:
    def add_all(parser: ArgumentParser) -> None:
        add(parser)
        parser.add_argument("--url", metavar="URL", help="the server; else TREADLE_URL or treadle login's")
        parser.add_argument("--json", action="store_true", help="print JSON, one value a line")

    return add_all


REPO_COMMANDS: tuple[Command, ...] = (
    Command("login", "keep a server's address and a token for the other commands", _login, (), _add_login),
    *(Command(name, help, _run(name), ("data_dir",), _with_server(add)) for name, help, add in _VERBS),
)
