"""A real server for objects of S3: ``python -m moto.server`` on the loopback."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import boto3  # type: ignore[import-untyped]
import pytest
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from tests.dask_cluster import die_with_parent, until

Put = Callable[[str, bytes], None]
KEYS: Final = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hidden-secret"}
REGION: Final = "us-east-1"


def free_port() -> int:
    """Returns a port that no server uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def s3_server() -> Iterator[str]:
    """Yields the address of the server."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - the tests have one thread here
    )
    S3FileSystem.clear_instance_cache()  # they are of the server of another module
    try:
        until(lambda: _answers(address))
        yield address
    finally:
        process.kill()
        process.wait()


@contextmanager
def bucket(name: str) -> Iterator[str]:
    """Yields the address of a server with an empty bucket.

    This process, and those that it starts, find the server in their environment.
    """
    with s3_server() as address, pytest.MonkeyPatch.context() as patch:
        for variable, value in environment(address).items():
            patch.setenv(variable, value)
        client(address).create_bucket(Bucket=name)
        yield address


def environment(address: str) -> dict[str, str]:
    """Returns the variables with which every program of AWS finds the server."""
    return KEYS | {"AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": REGION, "HOME": os.devnull}


def client(address: str) -> "boto3.client":
    """Returns a client that is not ours, to see what is in the store."""
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
