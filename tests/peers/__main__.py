"""Makes the same projects in Label Studio and in Treadle, and tells where their exports differ.

``python -m tests.peers --url http://127.0.0.1:8080 --token …`` asks a running Label Studio; without an
address its answers come from the recording.  ``--record`` keeps what it answered for the tests.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

import httpx

from tests.peers.differences import Difference, Explanation, differences, explained
from tests.peers.exporting import Files, export_all
from tests.peers.projects import PROJECTS
from tests.peers.recording import RECORDED, RECORDING
from tests.working import serve_with_worker

#: Where Label Studio keeps uploads, which it writes into some of its files.
_SERVER_FOLDER = re.compile(r"\.\.\\/[^\"]*?\\/media\\/")
_WIDEST = 150


def main() -> None:
    """Compare, and print what was found."""
    asked = _arguments()
    theirs = RECORDED if asked.url is None else _ask_label_studio(asked.url, asked.token)
    if asked.record:
        RECORDING.write_text(json.dumps(theirs, indent=1, ensure_ascii=False) + "\n", "utf-8")
    ours = _ask_treadle()
    found = [each for name in theirs for each in differences(name, theirs[name], ours[name])]
    compared = sum(len(exports) for exports in theirs.values())
    print(f"{compared} exports of {len(theirs)} projects compared: {len(found)} facts differ.\n")
    for reason, cases in explained(found).items():
        _print(reason, cases)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("--url", help="address of a running Label Studio")
    parser.add_argument("--token", default="", help="its legacy token")
    parser.add_argument("--record", action="store_true", help="keep its answers for the tests")
    return parser.parse_args()


def _ask_label_studio(url: str, token: str) -> dict[str, dict[str, Files]]:
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=url, headers=headers, follow_redirects=True) as client:
        found = {project.name: export_all(client, project) for project in PROJECTS}
    for exports in found.values():
        for files in exports.values():
            files.update({path: _SERVER_FOLDER.sub(r"..\\/media\\/", text) for path, text in files.items()})
    return found


def _ask_treadle() -> dict[str, dict[str, Files]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_with_worker("", Path(folder) / "data") as server,
        server.client() as client,
    ):
        return {project.name: export_all(client, project) for project in PROJECTS}


def _print(reason: Explanation | None, cases: list[Difference]) -> None:
    if not cases and reason is None:
        return
    print(f"{len(cases):3}  {reason.text if reason else 'UNEXPLAINED'}")
    shown = cases if reason is None else _one_of_each(cases)
    for case in shown:
        print(f"       {case.project}/{case}"[:_WIDEST])
    print()


def _one_of_each(cases: list[Difference]) -> list[Difference]:
    return list({each.is_ours: each for each in reversed(cases)}.values())


if __name__ == "__main__":
    main()
