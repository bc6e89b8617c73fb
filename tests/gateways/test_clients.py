"""What people's own programs do through the gateway: each client as it is, with its defaults."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import obstore
import polars
import pyarrow
import pyarrow.fs
import pyarrow.parquet
import pytest
import s3fs
from obstore.store import S3Store

from tests.gateways.conftest import Gateway

BIG = bytes(range(256)) * 40_000  # 10 MB: clients send it in parts


@pytest.fixture
def aws(gateway: Gateway, tmp_path: Path) -> Any:
    """The command line of AWS."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": gateway.key_id,
        "AWS_SECRET_ACCESS_KEY": gateway.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": gateway.endpoint,
        "NO_PROXY": "127.0.0.1",
    }
    command = str(Path(sys.executable).parent / "aws")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, command, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def options(gateway: Gateway) -> dict[str, str]:
    """What obstore and polars are told."""
    return {
        "endpoint": gateway.endpoint,
        "access_key_id": gateway.key_id,
        "secret_access_key": gateway.secret,
        "region": "us-east-1",
        "allow_http": "true",
    }


def test_aws_cli(gateway: Gateway, aws: Any, bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "from"
    (folder / "a b").mkdir(parents=True)
    (folder / "a b" / "ä+.txt").write_bytes(b"hello")
    (folder / "big").write_bytes(BIG)
    aws("s3", "sync", "--quiet", "from", f"s3://{bucket}/x")
    assert "ä+.txt" in aws("s3", "ls", "--recursive", f"s3://{bucket}/x/")
    aws("s3", "sync", "--quiet", f"s3://{bucket}/x", "to")
    assert (tmp_path / "to" / "big").read_bytes() == BIG
    assert (tmp_path / "to" / "a b" / "ä+.txt").read_bytes() == b"hello"
    aws("s3", "mv", "--quiet", f"s3://{bucket}/x/big", f"s3://{bucket}/y/big")
    aws("s3", "rm", "--quiet", "--recursive", f"s3://{bucket}/x")
    assert [line.split()[-1] for line in aws("s3", "ls", "--recursive", f"s3://{bucket}").splitlines()] == [
        "y/big"
    ]


def test_s3fs(gateway: Gateway, bucket: str) -> None:
    files = s3fs.S3FileSystem(
        key=gateway.key_id,
        secret=gateway.secret,
        endpoint_url=gateway.endpoint,
        client_kwargs={"region_name": "us-east-1"},
        skip_instance_cache=True,
    )
    files.pipe(f"{bucket}/a/small", b"hello")
    with files.open(f"{bucket}/a/big", "wb", block_size=5 * 1024 * 1024) as file:
        file.write(BIG)
    assert sorted(files.ls(f"{bucket}/a")) == [f"{bucket}/a/big", f"{bucket}/a/small"]
    with files.open(f"{bucket}/a/big", "rb") as file:
        file.seek(1_000_000)
        assert file.read(16) == BIG[1_000_000:1_000_016]
    files.mv(f"{bucket}/a/small", f"{bucket}/b/small")
    assert files.cat(f"{bucket}/b/small") == b"hello"
    files.rm(f"{bucket}/a", recursive=True)
    assert files.find(bucket) == [f"{bucket}/b/small"]


def test_pyarrow(gateway: Gateway, bucket: str) -> None:
    files = pyarrow.fs.S3FileSystem(
        access_key=gateway.key_id,
        secret_key=gateway.secret,
        endpoint_override=gateway.endpoint.removeprefix("http://"),
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    table = pyarrow.table({"n": list(range(100_000))})
    pyarrow.parquet.write_table(table, f"{bucket}/t/part.parquet", filesystem=files)
    assert pyarrow.parquet.read_table(f"{bucket}/t/part.parquet", filesystem=files) == table
    with files.open_output_stream(f"{bucket}/big") as file:
        file.write(BIG)
    with files.open_input_file(f"{bucket}/big") as file:
        assert file.read_at(16, 1_000_000) == BIG[1_000_000:1_000_016]
    files.create_dir(f"{bucket}/empty/inner")
    found = files.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=True))
    paths = {info.path.removeprefix(f"{bucket}/") for info in found}
    assert {"t", "t/part.parquet", "big", "empty", "empty/inner"} <= paths
    files.copy_file(f"{bucket}/big", f"{bucket}/copy")
    files.delete_dir(f"{bucket}/t")
    assert files.get_file_info(f"{bucket}/t/part.parquet").type == pyarrow.fs.FileType.NotFound
    assert files.get_file_info(f"{bucket}/copy").size == len(BIG)


def test_obstore(bucket: str, options: dict[str, str]) -> None:
    store = S3Store(bucket, **options)  # type: ignore[arg-type]
    obstore.put(store, "a/ä b", b"hello", mode="create")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(store, "a/ä b", b"other", mode="create")
    obstore.put(store, "a/big", BIG, use_multipart=True, chunk_size=5 * 1024 * 1024)
    assert bytes(obstore.get(store, "a/ä b").bytes()) == b"hello"
    assert bytes(obstore.get_range(store, "a/big", start=7, end=19)) == BIG[7:19]
    found = [meta["path"] for page in obstore.list(store, "a") for meta in page]
    assert sorted(found) == ["a/big", "a/ä b"]
    obstore.rename(store, "a/ä b", "c")
    obstore.delete(store, ["a/big"])
    assert [meta["path"] for page in obstore.list(store) for meta in page] == ["c"]


def test_polars(bucket: str, options: dict[str, str]) -> None:
    frame = polars.DataFrame({"n": list(range(50_000)), "t": ["x"] * 50_000})
    given = {f"aws_{name}": value for name, value in options.items()}
    frame.write_parquet(f"s3://{bucket}/frames/a.parquet", storage_options=given)
    frame.write_parquet(f"s3://{bucket}/frames/b.parquet", storage_options=given)
    read = polars.scan_parquet(f"s3://{bucket}/frames/*.parquet", storage_options=given)
    assert read.select(polars.col("n").sum()).collect().item() == 2 * sum(range(50_000))
