"""Starting, dying, coming back and ending."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config

from tests.launch.conftest import Serve, is_alive
from tests.waiting import wait_until

# A part has a second to end once its parent is gone; the rest is for a busy machine.
END_S = 3.0


def test_a_server_announces_its_address_once_it_answers(serve: Serve) -> None:
    server = serve()
    assert server.is_healthy()
    assert str(server.data_dir) in server.text


def test_a_data_folder_is_its_owner_s_alone(serve: Serve) -> None:
    server = serve()
    server.part("worker")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [server.data_dir, *server.data_dir.iterdir()]}
    assert modes <= {0o700, 0o600}


def test_s3_stands_alone_on_a_port_of_its_own(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = serve("--s3-port", str(port))
        assert refused.process.wait(timeout=60) == 1
        assert "give --s3-port another number" in refused.text
    token = "0123456789abcdef0123456789abcdef01234567"
    server = serve("--s3-port", str(port), "--admin-email", "a@example.com", "--admin-token", token)
    headers = {"Authorization": f"Token {token}"}
    made = httpx.post(f"{server.url}/api/s3-keys", json={"name": "t"}, headers=headers, trust_env=False)
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=made.json()["access_key_id"],
        aws_secret_access_key=made.json()["secret_access_key"],
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )
    s3.create_bucket(Bucket="master.images")
    s3.put_object(Bucket="master.images", Key="a b.txt", Body=b"one")
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["master.images"]
    signed = s3.generate_presigned_url("get_object", {"Bucket": "master.images", "Key": "a b.txt"})
    assert httpx.get(signed, trust_env=False).content == b"one"
    assert httpx.get(f"http://127.0.0.1:{port}/api/version", trust_env=False).status_code == 403
    assert server.end() in (0, -signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_server_and_its_parts(serve: Serve, number: signal.Signals) -> None:
    server = serve()
    parts = [server.part("web"), server.part("worker")]
    server.process.send_signal(number)
    assert server.process.wait(timeout=60) == 0
    assert [part for part in parts if is_alive(part)] == []


def test_the_parts_end_with_a_killed_parent(serve: Serve) -> None:
    server = serve()
    parts = [server.part("web"), server.part("worker")]
    server.process.kill()
    server.process.wait()
    wait_until(lambda: not any(is_alive(part) for part in parts), timeout_s=END_S)


def test_a_killed_parent_leaves_lock_and_port_free(serve: Serve) -> None:
    first = serve()
    port = first.port
    first.process.kill()
    second = serve(port=port)
    assert second.is_healthy()
    assert second.port == port


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_part_comes_back(serve: Serve, name: str) -> None:
    server = serve()
    assert server.is_healthy()
    part = server.part(name)
    os.kill(part, signal.SIGKILL)
    wait_until(lambda: not is_alive(part))
    assert server.part(name) != part
    assert server.is_healthy()
    assert f"The {name} process ended and is started again" in server.text


def test_a_second_server_on_a_data_folder_refuses_and_names_the_holder(serve: Serve) -> None:
    first = serve()
    assert first.is_healthy()
    second = serve()
    assert second.process.wait(timeout=60) == 1
    assert f"is held by process {first.process.pid} (treadle serve at 127.0.0.1:{first.port}" in second.text
    assert first.is_healthy()


def test_a_port_that_is_taken_is_refused_and_its_holder_named(serve: Serve, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = serve(port=port)
        assert server.process.wait(timeout=60) == 1
        assert f"Port {port} of 127.0.0.1 is held by process {os.getpid()}" in server.text


def test_a_refused_start_leaves_the_data_folder_free(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serve(port=taken.getsockname()[1]).process.wait(timeout=60) == 1
    assert serve().is_healthy()


def test_a_data_folder_that_is_a_file_is_refused(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    server = serve(data_dir=path)
    assert server.process.wait(timeout=60) == 1
    assert f"The data folder {path} cannot be used" in server.text


def test_a_data_folder_on_a_read_only_file_system_is_refused(serve: Serve) -> None:
    server = serve(data_dir=Path("/proc/treadle-data"))
    assert server.process.wait(timeout=60) == 1
    assert "The data folder /proc/treadle-data cannot be used" in server.text


def test_a_database_of_a_newer_treadle_is_refused(serve: Serve) -> None:
    first = serve()
    assert first.is_healthy()
    first.end()
    add_migration(first.data_dir / "treadle.sqlite3", 9999)
    second = serve()
    assert second.process.wait(timeout=60) == 1
    assert "Start the newer Treadle that wrote it." in second.text


def add_migration(path: Path, number: int) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO schema_migrations (number) VALUES (?)", (number,))
    connection.close()


def test_settings_that_make_no_administrator_are_refused(serve: Serve) -> None:
    server = serve("--admin-token", "0123456789")
    assert server.process.wait(timeout=60) == 1
    assert "Give the e-mail too." in server.text
    assert "0123456789" not in server.text
