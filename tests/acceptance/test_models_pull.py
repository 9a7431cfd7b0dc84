"""`tagd models pull`, against a hub on this machine: what goes wrong is said, and costs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.models.zoo import registry
from tests import hub, models
from tests.acceptance.home import Home

ROW = registry.find("deit-tiny")
REPO = "timm/deit_tiny_patch16_224.fb_in1k"
MIB = 2**20


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small row's weights, as its repository has them."""
    built = models.network(ROW)
    return models.save(built, ROW, tmp_path_factory.mktemp("hub")).read_bytes()


@pytest.fixture
def served(weights: bytes) -> Iterator[hub.Hub]:
    with hub.serving() as serving:
        config = {
            "architecture": "deit_tiny_patch16_224",
            "num_classes": 1000,
            "pretrained_cfg": {"input_size": [3, 224, 224], "mean": [0.5] * 3, "std": [0.5] * 3},
        }
        serving.files[REPO] = {
            "model.safetensors": weights,
            "config.json": json.dumps(config).encode(),
        }
        yield serving


@pytest.fixture
def connected(home: Home, served: hub.Hub) -> Home:
    """A home whose hub is the one on this machine."""
    home.configure(f'[model]\nfolder = "{home.root / "models"}"\n')
    home.environment = {
        **home.environment,
        "HF_ENDPOINT": served.url,
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(home.root / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": "60",
    }
    return home


def taken_in(home: Home) -> list[str]:
    return sorted(path.parent.name for path in (home.root / "models").glob("*/model.json"))


@pytest.mark.slow
def test_a_cut_connection_leaves_nothing_behind_that_counts_and_the_next_try_goes_on(
    connected: Home, served: hub.Hub
) -> None:
    served.cut_after, served.stays_down = 12 * MIB, True  # the library itself tries again, in vain
    first = connected.run("models", "pull", ROW.id)
    assert first.returncode == 1
    assert "cannot be reached, or the connection was cut" in first.stderr
    assert "continues where it stopped" in first.stderr
    assert "Traceback" not in first.stderr
    assert taken_in(connected) == []

    served.cut_after, served.stays_down = None, False
    served.asked.clear()
    second = connected.run("models", "pull", ROW.id)
    assert second.returncode == 0, second.stderr
    assert taken_in(connected) == [ROW.id]
    [asked] = [wanted for file, wanted in served.asked if file == "model.safetensors"]
    assert asked is not None
    assert int(asked.removeprefix("bytes=").rstrip("-")) > 0

    kept = connected.json("models", "show", ROW.id)
    assert kept["top1"] == ROW.top1  # pulled from the repository that the row names
    assert kept["sources"]["weights"] == f"pulled from {REPO} at {hub.COMMIT}"
    assert not list((connected.root / "models" / ".staging").iterdir())
    assert connected.run("models", "verify", ROW.id).returncode == 0

    # What is there stays, whatever comes later.
    again = connected.run("models", "pull", ROW.id)
    assert again.returncode == 1
    assert "already" in again.stderr


@pytest.mark.parametrize(
    ("spoil", "arguments", "said"),
    [
        ("lies", (), "came damaged or is not what was expected"),
        ("private", (), "the hub requires a login (401)"),
        ("gone", (), "the hub has no repository"),
        ("", ("--revision", "v9"), "has no revision 'v9'"),
        ("offline", (), "cannot be reached"),
        ("down", (), "cannot be reached"),
        ("empty", (), "has neither model.safetensors nor pytorch_model.bin"),
    ],
)
def test_what_cannot_be_had_is_said_in_words_and_nothing_is_taken_in(
    spoil: str, arguments: tuple[str, ...], said: str, connected: Home, served: hub.Hub
) -> None:
    match spoil:
        case "lies":
            served.lies = True
        case "private":
            served.private.add(REPO)
        case "gone":
            served.files.clear()
        case "empty":
            served.files[REPO] = {}
        case "offline":
            connected.environment["HF_HUB_OFFLINE"] = "1"
        case "down":
            connected.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
    done = connected.run("models", "pull", ROW.id, *arguments)
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert taken_in(connected) == []


def test_half_of_the_weights_is_refused(connected: Home, served: hub.Hub, weights: bytes) -> None:
    served.files[REPO]["model.safetensors"] = weights[: len(weights) // 2]
    done = connected.run("models", "pull", ROW.id)
    assert done.returncode == 1
    assert "damaged or no .safetensors" in done.stderr
    assert taken_in(connected) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("efficientnet-lite0",), "is part of tagd"),
        (("no-such-model",), "no model is called 'no-such-model'"),
        (("someone/else",), "what shall it be called here?"),
        ((ROW.id, "--as", "mine"), "has its name"),
    ],
)
def test_what_cannot_be_pulled_is_said(
    arguments: tuple[str, ...], said: str, connected: Home
) -> None:
    done = connected.run("models", "pull", *arguments)
    assert done.returncode == 1
    assert said in done.stderr


def test_an_address_of_its_own_is_resumed_and_checked(tmp_path: Path) -> None:
    """torchvision's weights lie at addresses whose name holds their hash."""
    import hashlib  # noqa: PLC0415

    from tagd.errors import ModelError, WeightsRefused  # noqa: PLC0415
    from tagd.models.acquire.fetch import PART, fetch  # noqa: PLC0415

    content = bytes(range(256)) * 20_000
    prefix = hashlib.sha256(content).hexdigest()[:8]
    told: list[tuple[int, int | None]] = []
    with hub.serving() as served:
        served.files["a/b"] = {"net.pth": content}
        url = f"{served.url}/a/b/resolve/main/net.pth"
        served.cut_after = 3 * MIB
        with pytest.raises(ModelError, match=r"connection was cut|bytes came"):
            fetch(url, tmp_path, prefix, lambda *_: None)
        assert (tmp_path / f"net.pth{PART}").stat().st_size == 3 * MIB
        served.cut_after = None
        assert fetch(url, tmp_path, prefix, lambda *now: told.append(now)).read_bytes() == content
        assert served.asked[-1] == ("net.pth", f"bytes={3 * MIB}-")
        assert told[-1] == (len(content), len(content))
        with pytest.raises(WeightsRefused, match="not what was expected"):
            fetch(url, tmp_path, "0" * 8, lambda *_: None)
        assert not (tmp_path / "net.pth").exists()
        with pytest.raises(ModelError, match="404"):
            fetch(url.replace("net", "nothing"), tmp_path, prefix, lambda *_: None)
    with pytest.raises(ModelError, match="offline"):
        fetch("http://127.0.0.1:9/x.pth", tmp_path, prefix, lambda *_: None)
