"""`tagd policy`: why a model was chosen, and how sure a cascade must be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tagd.assembly.survey import load_calibrations
from tagd.catalogue.db.engine import open_reader
from tests.acceptance.home import Home
from tests.photos import SAMPLES, cat, coffee

LITE0, LITE1, LITE2 = (f"efficientnet-lite{size}" for size in range(3))
ESPRESSO, TABBY = "n07920052", "n02123045"

RULES = f"""
[policy]
latency_target_ms = 100
[[policy.rules]]
name = "drawings"
type = "PNG"
models = ["{LITE1}"]
[[policy.rules]]
name = "sport"
path = "sport/*"
use = "high-accuracy"
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_explain_says_which_rule_which_facts_and_what_was_passed_over(home: Home) -> None:
    home.configure(RULES)
    (home.photos / "sport").mkdir()
    coffee().save(home.photos / "sport" / "a.jpg")
    ran = home.run("policy", "explain", home.photos / "sport" / "a.jpg")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert "JPEG, 600 x 400 (0.2 megapixels), camera unknown" in lines[1]
    assert "cpu" in lines[2] or "cuda" in lines[2]
    assert "0 photos waiting" in lines[2]
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("rule ")] == [
        "rule 1 (drawings): it is JPEG, not PNG",
        "rule 2 (sport): matches",
    ]
    assert f"model        {LITE2}" in lines
    [reason] = [line for line in lines if line.startswith("reason ")]
    assert 'rule 2 (sport): use = "high-accuracy": efficientnet-lite2, the most accurate' in reason
    assert any(line.startswith("passed over  vit-base-augreg2: not on this disk") for line in lines)


def test_explain_as_json_has_every_fact(home: Home) -> None:
    coffee().save(home.photos / "a.jpg")
    said = home.json("policy", "explain", home.photos / "a.jpg")
    assert [stage["model"] for stage in said["stages"]] == [LITE0, LITE2]
    assert said["photo"]["format"] == "JPEG"
    assert said["rule"] is None
    assert said["thresholds"].startswith("shipped with tagd")
    assert said["refine"] is False


def test_a_named_model_that_is_not_here_is_an_error_everywhere(home: Home) -> None:
    home.configure('[[policy.rules]]\npath = "x"\nmodels = ["eva02-large"]')
    coffee().save(home.photos / "a.jpg")
    ran = home.run("tag", home.photos)
    assert ran.returncode == 1
    assert "eva02-large is known, but its weights are not on this disk" in ran.stderr
    doctor = home.run("doctor")
    assert doctor.returncode == 1
    assert "eva02-large is known, but its weights are not on this disk" in doctor.stdout


def test_doctor_tells_what_never_fits_the_memory_budget(home: Home) -> None:
    home.configure(
        "[policy]\nmemory_budget = 100\n[[policy.rules]]\nname = 'large'\npath = 'never'\n"
        "models = ['efficientnet-lite0', 'efficientnet-lite2']"
    )
    doctor = home.run("doctor")
    assert doctor.returncode == 1
    assert "policy: rule 1 (large): efficientnet-lite0 and efficientnet-lite2" in doctor.stdout
    home.configure('[policy.cascade]\nmodels = ["efficientnet-lite0", "efficientnet-lit2"]')
    check = home.run("config", "check")
    assert check.returncode == 1
    assert "policy.cascade.models: no model is called 'efficientnet-lit2'" in check.stderr


def labelled(folder: Path) -> tuple[Path, Path]:
    """Ten views of two things, and pictures of none of the classes."""
    for label, picture in ((ESPRESSO, coffee()), (TABBY, cat())):
        (folder / "known" / label).mkdir(parents=True)
        for step in range(5):
            view = picture.crop((step * 8, step * 6, picture.width - 8, picture.height - 6))
            view.save(folder / "known" / label / f"{step}.jpg")
    (folder / "none").mkdir()
    for name in ("brick.png", "grass.png", "moon.png"):
        shutil.copy(SAMPLES / name, folder / "none" / name)
    return folder / "known", folder / "none"


@pytest.mark.slow
def test_calibrate_fits_prints_draws_and_stores_what_is_then_used(home: Home) -> None:
    known, none = labelled(home.root)
    picture = home.root / "curve.png"
    few = home.run("policy", "calibrate", known)
    assert few.returncode == 2
    assert "10 photos to fit by" in few.stderr
    assert home.run("policy", "calibrate", known, "--dry-run").returncode == 0
    assert not home.database.exists()
    ran = home.run("policy", "calibrate", known, "--none", none, "--plot", picture, "--force")
    assert ran.returncode == 0, ran.stderr
    for word in ("fitted on", "the other half", "sent-on", "threshold"):
        assert word in ran.stdout
    assert "of 3 pictures of none of the classes, 0 would be settled" in ran.stdout
    with Image.open(picture) as drawn:
        assert drawn.format == "PNG"
        assert drawn.width > 600
    with open_reader(home.database) as catalogue, catalogue.read() as tx:
        [stored] = load_calibrations(tx)
    assert stored.models == (LITE0, LITE2)
    assert 0.2 <= stored.settlings[0].settles_at <= 1
    explained = home.run("policy", "explain", known / ESPRESSO / "0.jpg", "--json")
    said = json.loads(explained.stdout)
    assert said["thresholds"].startswith("fitted on 5 of 10 photos and 3 pictures of no class")
    assert said["stages"][0]["settles_at"] == stored.settlings[0].settles_at
    assert home.run("policy", "calibrate", "--forget").stdout.startswith("forgotten: ")
    explained = home.run("policy", "explain", known / ESPRESSO / "0.jpg", "--json")
    assert json.loads(explained.stdout)["thresholds"].startswith("shipped with tagd")
    assert home.run("policy", "calibrate", "--forget").stdout.startswith("nothing is stored")


def test_calibrate_says_what_it_cannot_work_with(home: Home) -> None:
    coffee().save(home.photos / "a.jpg")
    for arguments, told in (
        ((home.photos,), "no photos in folders named by their class"),
        ((home.photos, "--models", LITE0), "a cascade needs two or more different models"),
        ((home.photos / "nowhere",), "does not exist"),
        ((), "or --forget"),
        ((home.photos, "--forget"), "or --forget"),
    ):
        ran = home.run("policy", "calibrate", *arguments)
        assert ran.returncode != 0
        assert told in ran.stderr
    assert not home.database.exists()
