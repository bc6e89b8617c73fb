"""The compose files: what the specification says of them, and what they are to hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose

from tests.deploy.containers import of_compose
from tests.deploy.reading import COMPOSE_FILES, ROOT, compose, required_variables, stages
from treadle import __version__

WHOLE, ONE = COMPOSE_FILES
Services = dict[str, dict[str, Any]]


def read(path: Path, **more: str) -> dict[str, Any]:
    return compose(path, {**dict.fromkeys(required_variables(path), "0123abcd"), **more})


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_a_file_is_what_the_specification_allows(path: Path) -> None:
    told = read(path)
    assert sorted(PyCompose.from_json(json.dumps(told)).service_names()) == sorted(told["services"])
    told["services"][next(iter(told["services"]))]["read_onyl"] = True
    with pytest.raises(ValueError, match="read_onyl"):
        PyCompose.from_json(json.dumps(told))


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_every_volume_is_declared_and_used(path: Path) -> None:
    told = read(path)
    used = {one.split(":")[0] for service in told["services"].values() for one in service.get("volumes", ())}
    assert used == set(told["volumes"])


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_what_is_built_is_a_stage_and_has_the_tag_of_this_version(path: Path) -> None:
    for service in read(path)["services"].values():
        build = service.get("build")
        name, _colon, tag = service["image"].partition(":")
        assert tag
        assert tag != "latest"
        if build:
            assert build["target"] in stages()
            assert (path.parent / build["context"] / build["dockerfile"]).is_file()
            assert (path.parent / build["context"]).resolve() == ROOT
            assert tag == __version__
            assert name == {"server": "treadle"}.get(build["target"], f"treadle-{build['target']}")


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_our_containers_may_do_little_and_are_reached_from_this_machine_alone(path: Path) -> None:
    for name, service in read(path)["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        if "build" in service:
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
            assert any(one.startswith("/tmp:") for one in service["tmpfs"])


def test_the_whole_has_its_parts_and_the_model_has_shared_memory() -> None:
    services: Services = read(WHOLE)["services"]
    assert set(services) == {"server", "worker", "backend", "database", "object-store", "bucket"}
    assert services["backend"]["shm_size"] == "2gb"
    assert services["backend"]["build"]["target"] == "yolo"
    assert read(WHOLE, BACKEND="detector")["services"]["backend"]["build"]["target"] == "detector"


def test_web_process_and_worker_are_told_the_same_of_where_things_lie() -> None:
    found = of_compose(WHOLE, dict.fromkeys(required_variables(WHOLE), "0123abcd"))
    server, worker = found["server"], found["worker"]
    names = [name for name in server.environment if name.startswith("AWS_") or name.endswith("_URL")]
    assert len(names) == 6
    assert all(server.environment[name] == worker.environment[name] for name in names)
    assert "POSTGRES_PASSWORD" not in server.environment
    assert found["database"].environment["POSTGRES_PASSWORD"] in server.environment["TREADLE_DATABASE_URL"]
    assert (
        found["object-store"].environment["AWS_SECRET_ACCESS_KEY"]
        == server.environment["AWS_SECRET_ACCESS_KEY"]
    )


def test_it_refuses_to_start_without_secrets() -> None:
    assert required_variables(WHOLE) == {"POSTGRES_PASSWORD", "S3_SECRET_KEY", "TREADLE_ML_TOKEN"}
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        compose(WHOLE, {})
    head = WHOLE.read_text("utf-8").split("name:")[0]
    assert all(f"{name}=%s" in head for name in required_variables(WHOLE))


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_addresses_between_services_are_of_services(path: Path) -> None:
    services: Services = read(path)["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        for value in service.get("environment", {}).values():
            host = str(value).partition("://")[2].rpartition("@")[2].partition(":")[0]
            assert not host or host.startswith("treadle/") or host in services, value
