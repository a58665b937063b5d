"""Datasets that are large, and datasets in a store of objects: a local server that speaks S3."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from policy.data import Dataset, Packing, Stream, pack
from policy.errors import ConfigError, DataError
from policy.observe import ObserveConfig
from policy.settings import TrainConfig
from policy.train import train
from tests.policy import streaming
from tests.policy.worlds import episode
from tests.soak import repeats

EPISODES = [episode(seed) for seed in range(8)]
HOW = Packing(ObserveConfig(), shard_bytes=1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of a server that speaks S3."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of an empty bucket, which the environment says how to reach."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    files.mkdir("team")
    yield "s3://team"
    files.rm("team", recursive=True)


def test_a_dataset_in_a_bucket_is_the_one_on_disk(bucket: str, tmp_path: Path) -> None:
    far = pack(EPISODES, f"{bucket}/demos", HOW)
    near = pack(EPISODES, str(tmp_path / "demos"), HOW)
    assert far.index == near.index
    assert far.fingerprint == near.fingerprint
    config = TrainConfig(updates=2, batch=4, save_every=2)
    weights = [
        (train(Dataset(str(each)), tmp_path / run, config) / "model.safetensors").read_bytes()
        for run, each in (("far", far.place.address), ("near", near.place.address))
    ]
    assert weights[0] == weights[1]


def test_what_is_missing_or_damaged_in_a_bucket_is_named(bucket: str) -> None:
    dataset = pack(EPISODES, f"{bucket}/demos", HOW)
    files = fsspec.filesystem("s3")
    gone, damaged = (dataset.place.name(dataset.index.shards[number].file) for number in (2, 5))
    files.rm_file(gone)
    body = bytearray(files.cat_file(damaged))
    body[len(body) // 2] ^= 1
    files.pipe_file(damaged, bytes(body))
    with pytest.raises(DataError, match=f"{gone} is missing"):
        dataset.shard(2)
    with pytest.raises(DataError, match=f"{damaged} is damaged"):
        dataset.shard(5)
    with Stream(dataset, 1, 64 << 20, (0,), skips_damaged=True) as stream:
        assert len(stream.take(range(16))) == 16
        assert sum(stream.lost.values()) == 4


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(DataError, match=r"nobodys/demos/index\.json is missing"):
        Dataset("s3://nobodys/demos")
    with pytest.raises(ConfigError, match="nothing reaches carrier-pigeon://demos"):
        Dataset("carrier-pigeon://demos")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_streaming_holds_its_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    size = repeats(350 << 20, 20 << 30)
    streaming.write(tmp_path, size)
    told = subprocess.run(
        [sys.executable, "-m", "tests.policy.streaming", "read", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    record_property("peak_mb", found["peak_mb"])
    assert found["once"]
    assert found["peak_mb"] < 1000
