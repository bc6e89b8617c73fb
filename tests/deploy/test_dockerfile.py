"""The rules for images: what linters of Dockerfiles ask, and what this house asks besides."""

from __future__ import annotations

import re

import pytest

from tests.deploy.containers import STAGES
from tests.deploy.reading import DOCKERFILE, ROOT, image_environment, is_let_in, last_of, line_of, stages
from treadle import __version__

FINAL = sorted(STAGES.values())
EXEC_FORMS = ("CMD", "ENTRYPOINT", "VOLUME")


def test_every_base_is_one_of_ours_or_has_a_whole_version() -> None:
    known = set(stages())
    outside = {stage.base for stage in stages().values() if stage.base not in known}
    assert outside == {"python:3.12.12-slim-bookworm"}


def test_every_word_is_one_that_is_meant() -> None:
    words = {one.word for stage in stages().values() for one in stage.instructions}
    # No ADD: it fetches and unpacks. No MAINTAINER, SHELL or ONBUILD either.
    assert words <= {
        *EXEC_FORMS,
        "ARG",
        "COPY",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "USER",
        "WORKDIR",
    }


@pytest.mark.parametrize("stage", FINAL)
def test_an_image_runs_as_a_user_by_number_in_group_0_and_never_as_root(stage: str) -> None:
    user = last_of(stage, "USER")
    assert user is not None
    assert re.fullmatch(r"[1-9]\d{3,}:0", user.text)


@pytest.mark.parametrize("stage", FINAL)
def test_what_an_image_starts_is_in_exec_form(stage: str) -> None:
    for word in ("ENTRYPOINT", "CMD"):
        found = last_of(stage, word)
        assert found is not None
        assert found.text.startswith("[")
    health = last_of(stage, "HEALTHCHECK")
    assert health is not None
    assert re.search(r" CMD \[.*\]$", health.text)


def test_a_folder_for_data_is_writable_by_any_user_of_group_0() -> None:
    made = [one.text for one in stages()["runtime"].of("RUN")]
    assert made == ["install -d -m 0770 -o 10001 -g 0 /data /models"]
    for stage, folder in (("server", "/data"), ("yolo", "/models"), ("detector", "/models")):
        volume = last_of(stage, "VOLUME")
        assert volume is not None
        assert volume.arguments == [folder]


def test_packages_of_the_system_come_without_lists_and_recommendations() -> None:
    for run in (one.text for stage in stages().values() for one in stage.of("RUN")):
        assert "sudo" not in run
        assert "apt-get upgrade" not in run
        if "apt-get" in run:
            assert run.startswith("apt-get update && apt-get install -y --no-install-recommends ")
            assert run.endswith("&& rm -rf /var/lib/apt/lists/*")


def test_packages_of_python_have_hashes_or_a_whole_version() -> None:
    for stage in stages().values():
        values = {name: value for one in stage.of("ARG") for name, value in [one.text.split("=")]}
        for run in (one.text for one in stage.of("RUN")):
            for step in run.split(" && "):
                if " pip install " not in step:
                    continue
                assert "--no-cache-dir" in step
                named = re.findall(r'"[a-z]+==\$(\w+)"', step)
                assert named or "--require-hashes" in step or "--no-index" in step
                assert all(re.fullmatch(r"\d+\.\d+\.\d+", values[name]) for name in named if name in values)


def test_no_layer_holds_a_secret() -> None:
    for stage in stages().values():
        for one in (*stage.of("ARG"), *stage.of("ENV")):
            assert not re.search(r"PASSWORD|SECRET|TOKEN|_KEY|DATABASE_URL", one.text)


def test_what_is_copied_is_there_and_is_let_in() -> None:
    for stage in stages().values():
        for copy in stage.of("COPY"):
            source = copy.flags.get("from")
            for name in copy.arguments[:-1]:
                if source is None:
                    assert (ROOT / name).exists(), name
                    assert is_let_in(name), name
                else:
                    assert source in stages()


def test_what_must_not_be_in_an_image_is_kept_out() -> None:
    for name in (".git", ".env", "treadle-data", ".venv", "wheels", "tests", "frontend/node_modules/react"):
        assert not is_let_in(name), name
    assert not is_let_in("src/treadle/web/static/index.html")


def test_the_model_that_a_backend_serves_is_where_the_image_has_it() -> None:
    for name in ("yolo", "detector"):
        served = last_of(name, "CMD")
        assert served is not None
        (path,) = served.arguments
        inside = f"/opt/treadle/lib/python{python_of(name)}/site-packages/"
        assert path.startswith(inside)
        assert (ROOT / "src" / path.removeprefix(inside)).is_file()


def python_of(stage: str) -> str:
    base = re.match(r"python:(3\.\d+)\.", line_of(stage)[0].base)
    assert base is not None
    return base.group(1)


def test_agpl_comes_with_the_image_that_says_so_alone() -> None:
    with_it = {
        name for name, stage in stages().items() if any("ultralytics" in i.text for i in stage.of("RUN"))
    }
    assert with_it == {"yolo-packages"}
    takers = {n for n, s in stages().items() if any("yolo-packages" in c.text for c in s.of("COPY"))}
    assert takers == {"yolo"}
    licence = last_of("yolo", "LABEL")
    assert licence is not None
    assert "AGPL-3.0" in licence.text
    assert "AGPL-3.0" not in " ".join(str(last_of(name, "LABEL")) for name in ("server", "detector"))


def test_the_ports_that_are_exposed_are_those_that_are_served() -> None:
    server, backend = last_of("server", "EXPOSE"), last_of("yolo", "EXPOSE")
    assert server is not None
    assert server.text == image_environment("server")["TREADLE_PORT"]
    entry = last_of("yolo", "ENTRYPOINT")
    assert entry is not None
    assert backend is not None
    assert entry.arguments[-2:] == ["--port", backend.text]


def test_the_tags_in_the_commands_are_of_this_version() -> None:
    tags = re.findall(r"-t treadle\S*:(\S+)", DOCKERFILE.read_text("utf-8"))
    assert tags == [__version__] * 3
