"""Versioned data from a terminal, against a server and against a folder that nobody serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ADMIN_TOKEN, RunningServer, serve
from tests.working import serve_with_worker
from treadle.connectors import referencing

_CODE = "import sys; from treadle.cli import main; sys.exit(main())"

Done = subprocess.CompletedProcess[str]


class Terminal:
    """Commands typed in a folder, as somebody who signed in there; each must succeed but for `fails`."""

    def __init__(self, folder: Path, *always: str, **variables: str) -> None:
        self.folder = folder
        self._always = always
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
        self._environment = {**kept, "HOME": str(folder), **variables}

    def run(self, text: str, stdin: str = "") -> Done:
        command = [sys.executable, "-c", _CODE, *text.split(), *self._always]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def type(self, text: str, stdin: str = "") -> str:
        done = self.run(text, stdin)
        assert done.returncode == 0, f"{text}: {done.stderr}"
        return done.stdout

    def read(self, text: str) -> list[Any]:
        return [json.loads(line) for line in self.type(f"{text} --json").splitlines()]

    def fails(self, text: str) -> str:
        done = self.run(text)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("studio")
    with serve_with_worker("", folder, local_files_roots=str(folder / "outside")) as running:
        yield running


@pytest.fixture
def remote(studio: RunningServer, tmp_path: Path) -> Terminal:
    """Signed in to the server."""
    terminal = Terminal(tmp_path)
    assert "admin@example.com" in terminal.type(f"login {studio.url} --token {ADMIN_TOKEN}")
    return terminal


def test_a_login_takes_its_token_from_a_pipe_and_says_where_tokens_are_made(
    studio: RunningServer, tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path)
    assert f"{studio.url}/account" in terminal.fails(f"login {studio.url}")
    assert "admin@example.com" in terminal.type(f"login {studio.url}", f"{ADMIN_TOKEN}\n")


@pytest.fixture
def local(tmp_path: Path) -> Terminal:
    """A data folder with an administrator, whose server has ended."""
    with serve("", tmp_path / "data"):
        pass
    return Terminal(tmp_path, "--data-dir", str(tmp_path / "data"))


def test_a_folder_that_nobody_serves_is_opened_by_the_command(local: Terminal) -> None:
    (local.folder / "photographs" / "x").mkdir(parents=True)
    (local.folder / "photographs" / "x" / "1.txt").write_text("one")
    (local.folder / "photographs" / "large.bin").write_bytes(bytes(300_000))
    os.utime(local.folder / "photographs" / "large.bin", (10**9, 10**9))
    local.type("repo create images")
    local.type("put images@master:/p -r photographs -m Photographs")
    large, _one = local.read("ls -R images")
    assert (large["path"], large["size_bytes"]) == ("p/large.bin", 300_000)
    assert large["modified_at"].startswith("2001-09-09T01:46:40")
    (opened,) = local.read("commit start images@master")
    local.type(f"put images@{opened['id']}:/q -r photographs")
    local.type(f"commit abandon images@{opened['id']}")
    (local.folder / "photographs" / "secret.txt").symlink_to("/proc/self/mem")
    assert "cannot be read" in local.fails("put images@master:/p -r photographs")
    assert [each["path"] for each in local.read("ls -R images")] == ["p/large.bin", "p/x/1.txt"]
    local.type("get -r images@master:/p -o back")
    assert (local.folder / "back" / "x" / "1.txt").read_text() == "one"
    assert local.type("fsck images") == "images is whole.\n"
    assert "no file" in local.fails("cat images@master:/none")


def test_a_folder_that_is_refused_leaves_nothing_staged(local: Terminal) -> None:
    folder = local.folder / "photographs"
    folder.mkdir()
    for number in range(501):  # more than are written at once
        (folder / f"{number}.txt").write_text("one")
    local.type("repo create images")
    local.type("put images@master:/before.txt -f -", "1")
    unreadable = folder / "z.txt"
    unreadable.symlink_to("/proc/self/mem")
    assert "cannot be read" in local.fails("put images@master:/p -r photographs --stage")
    unreadable.unlink()
    os.link(folder / "0.txt", os.fsencode(folder) + b"/\xff.txt")
    assert "no valid text" in local.fails("put images@master:/p -r photographs --stage")
    assert "More is staged" not in local.run("ls images@master").stderr


def test_a_day_with_a_repo(remote: Terminal) -> None:
    shell = remote
    folder = shell.folder / "photographs"
    (folder / "x").mkdir(parents=True)
    for name, text in (("1.txt", "one\ntwo\n"), ("x/2.txt", "two"), ("x/ü.txt", "")):
        (folder / name).write_text(text)
    assert shell.type("repo create images") == "main/images\n"
    shell.type(f"put images@master:/p -r {folder} -m Photographs")
    shell.type("put images@master:/notes.txt -f -", "one\n")
    assert [each["path"] for each in shell.read("ls images@master")] == ["notes.txt", "p/"]
    assert [each["path"] for each in shell.read("ls images:/**/*2.txt")] == ["p/x/2.txt"]
    assert [each["path"] for each in shell.read("ls images:/p")] == ["p/1.txt", "p/x/"]
    assert [each["path"] for each in shell.read("ls images:/notes.txt")] == ["notes.txt"]
    assert "nothing at" in shell.fails("ls images:/note")
    assert shell.type("cat images@master:/notes.txt") == "one\n"
    shell.type("get -r images@master:/p -o back")
    assert "notes.txt/y cannot be written" in shell.fails("get images:/notes.txt -o back/x/2.txt/notes.txt/y")
    shell.fails("get images:/none -o back/none")
    assert sorted(each.name for each in (shell.folder / "back").rglob("*")) == [
        "1.txt",
        "2.txt",
        "x",
        "ü.txt",
    ]
    shell.type("branch create images@tidy")
    assert "nothing yet" in shell.type("branch create images@blank --empty")
    shell.type("branch delete images@blank")
    shell.type("mv images@tidy:/p/1.txt images@tidy:/first.txt")
    assert "Moved p/1.txt to first.txt" in shell.type("log images@tidy -n 1")
    assert "no file 'none' on branch master" in shell.fails("rm images:/none")
    shell.type("put images@staged:/a.txt -f - --stage", "1")
    opened = shell.run("ls images@staged").stderr
    assert "More is staged" in opened
    assert opened.endswith("treadle commit finish images@staged\n")
    shell.type("commit abandon images@staged")
    shell.type("branch delete images@staged")
    shell.type("put images@tidy:/notes.txt -f - -m Theirs", "theirs\n")
    shell.type("put images@master:/notes.txt -f - -m Ours", "ours\n")
    refused = shell.run("merge images@tidy --into master")
    assert (refused.returncode, refused.stdout) == (1, "C  notes.txt\n")
    (merged,) = shell.read("merge images@tidy --into master --resolve notes.txt=theirs -m Both")
    assert len(merged["parents"]) == 2
    assert "Nothing to merge" in shell.type("merge images@tidy --into master")
    assert "tidi is new" in shell.run(f"put images@tidi:/a.txt -f {folder}/1.txt").stderr
    shell.type("branch delete images@tidi")
    assert shell.type("diff images@master^ images@master").splitlines() == [
        "A  first.txt",
        "M  notes.txt",
        "D  p/1.txt",
    ]
    assert [each["message"] for each in shell.read("log images@master:/notes.txt -n 1")] == ["Theirs"]
    assert shell.read("blame images@master:/notes.txt")[0]["text"] == "theirs"
    shell.type("tag create images@v1")
    (opened,) = shell.read("commit start images@master")
    shell.type(f"rm -r images@{opened['id']}:/p")
    shell.type(f"cp images@v1:/p/x/2.txt images@{opened['id']}:/kept.txt")
    shell.type(f"commit finish images@{opened['id']} -m Less")
    shell.type("put images@master:/staged.txt -f - --stage", "s")
    shell.type("put images@master:/staged.txt -f -", "another")
    assert "--prefer" in shell.fails("commit finish images@master -m Staged")
    shell.type("commit finish images@master -m Staged --prefer ours")
    assert shell.type("cat images@master:/staged.txt") == "s"
    assert [each["path"] for each in shell.read("ls -R images@master")] == [
        "first.txt",
        "kept.txt",
        "notes.txt",
        "staged.txt",
    ]
    shell.type("repo create others")
    shell.type("cp images@v1:/p others@master:/of/images")
    assert {each["path"].rpartition("/")[0] for each in shell.read("ls -R others@master")} == {"of/images/x"}
    shell.type("repo delete others")
    assert [each["name"] for each in shell.read("branch list images")] == ["master", "tidy"]
    assert shell.type("fsck images") == "images is whole.\n"
    assert "Freed" in shell.type("gc images")
    shell.type(f"branch reset images@master v1 --expected {shell.read('log images -n 1')[0]['id']}")
    assert "treadle repo restore main/images" in shell.type("repo delete images")
    assert shell.read("repo list") == []
    assert shell.type("repo restore main/images") == "main/images\n"
    shell.type("repo delete images")


def test_a_folder_of_a_storage_is_put_by_reference(
    remote: Terminal, studio: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(studio.parts.settings.local_files_roots)
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "a.txt").write_bytes(b"abc")
    with studio.client() as client:
        project = client.post("/api/projects/", json={"title": "Texts"}).json()["id"]
        body = {"project": project, "path": str(folder)}
        storage = client.post("/api/storages/localfiles/", json=body).json()["id"]
    remote.type("repo create referring")
    asked = f"put referring@master:/raw --reference {folder.as_uri()}/cats"
    assert "Give --storage" in remote.fails(asked)
    assert "as commit" in remote.type(f"{asked} --storage {storage}")
    assert remote.type("cat referring@master:/raw/a.txt") == "abc"
    assert remote.type("fsck referring --references") == "referring is whole.\n"
    (folder / "cats" / "a.txt").write_bytes(b"abcd")
    done = remote.run("fsck referring --references")
    assert (done.returncode, done.stdout.split()[:2]) == (1, ["reference-changed", "raw/a.txt"])
    assert "changed under you" in remote.fails("cat referring@master:/raw/a.txt")
    monkeypatch.setattr(referencing, "MOST_AT_ONCE", 0)  # as of very many, of which a job makes the commit
    assert "as commit" in remote.type(f"{asked} --storage {storage}")
    assert remote.type("cat referring@master:/raw/a.txt") == "abcd"


def test_what_cannot_be_done_is_said_with_what_to_do(remote: Terminal, tmp_path: Path) -> None:
    assert "There is no repo nothing" in remote.fails("ls nothing@master")
    assert "names no place in a repo" in remote.fails("ls a.b@master")
    stranger = Terminal(tmp_path / "..")
    assert "treadle login URL" in Terminal(Path("/"), HOME=str(tmp_path / "nobody")).fails("ls images")
    assert "does not answer" in stranger.fails("ls images --url http://127.0.0.1:1")
    wrong = Terminal(tmp_path, TREADLE_TOKEN="wrong")
    assert "not valid" in wrong.fails("ls images")
    assert "There is no Treadle in" in remote.fails(f"ls images --data-dir {tmp_path / 'none'}")


@pytest.mark.parametrize("words", ["ls images", "repo list"])
def test_a_command_to_a_server_imports_little(words: str) -> None:
    code = (
        f"import sys; sys.argv[1:] = {words.split()!r} + ['--url', 'http://127.0.0.1:1']\n"
        "from treadle.cli import main\nmain()\n"
        "print(sorted({'sqlalchemy', 'starlette', 'fsspec', 'asyncio', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
