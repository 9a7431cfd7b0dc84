"""`tagd models`: list, show, bench, compare, evaluate, and a model with labels of its own."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, ViTImageProcessor

from tests import models, photos
from tests.acceptance.home import Home

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, warm_cache: Path) -> Home:
    """A home that the tests of this file share, in their order of reading or any other."""
    home = Home(tmp_path_factory.mktemp("lab") / "home")
    shutil.copytree(warm_cache, home.root / "cache")
    home.configure(f'[model]\nfolder = "{home.root / "models"}"\ndevice = "cpu"\n')
    photos.coffee().save(home.photos / "coffee.jpg")
    photos.cat().save(home.photos / "cat.jpg")
    return home


def test_every_model_is_listed_and_only_some_are_here(place: Home) -> None:
    listed = place.run("models", "list")
    assert listed.returncode == 0, listed.stderr
    assert re.search(
        rf"^{LITE0} +EfficientNet-Lite +yes +19 +4\.7 M +74\.8", listed.stdout, re.MULTILINE
    )
    assert re.search(r"^eva02-large +EVA-02 +1220 +305\.1 M +90\.1", listed.stdout, re.MULTILINE)
    here = place.json("models", "list", "--here")
    assert {each["id"] for each in here} >= {LITE0, "efficientnet-lite1", LITE2}
    assert all(each["on_disk"] for each in here)


def test_listing_and_showing_import_no_library_of_machine_learning(place: Home) -> None:
    for command in (("list",), ("show", "vit-base")):
        place.environment["PYTHONPROFILEIMPORTTIME"] = "1"
        told = place.run("models", *command)
        del place.environment["PYTHONPROFILEIMPORTTIME"]
        imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
        assert "tagd.models.zoo.registry" in imported
        assert not imported & {"torch", "timm", "transformers", "torchvision", "numpy"}


def test_every_fact_is_shown_with_its_source(place: Home) -> None:
    told = place.run("models", "show", "eva02-base")
    assert "88.25 %  (timm, results/results-imagenet.csv" in told.stdout
    assert re.search(r"no; .*models pull eva02-base", told.stdout)
    told = place.run("models", "show", "resnet-50")
    assert re.search(r"^top-1 +not known$", told.stdout, re.MULTILINE)
    told = place.run("models", "show", "rseNet-50")
    assert told.returncode == 1
    assert "Did you mean resnet-50" in told.stderr


@pytest.mark.slow
def test_what_was_measured_is_kept_and_listed(place: Home) -> None:
    sizes = ("--batch", "1", "--batch", "3", "--seconds", "0.05")
    measured = place.json("models", "bench", LITE0, *sizes)
    assert {"ONNX Runtime", "PyTorch"} <= {each["session"] for each in measured}
    [used] = {each["session"] for each in measured if each["used"]}
    assert used in {"ONNX Runtime", "PyTorch"}
    rows = place.rows(
        "SELECT model, device, batch_size, images_per_second, latency_ms, latency_p95_ms, hardware"
        " FROM v_speeds ORDER BY batch_size"
    )
    assert [row[:3] for row in rows] == [(LITE0, "cpu", 1), (LITE0, "cpu", 3)]
    for _, _, batch, per_second, latency, slow, hardware in rows:
        assert 0 < latency <= slow
        assert per_second == pytest.approx(1000 * batch / latency, rel=2)
        assert hardware
    best = max(row[3] for row in rows)
    listed = place.json("models", "list", "--here")
    [lite0] = [each for each in listed if each["id"] == LITE0]
    assert lite0["images_per_second"] == pytest.approx(best, abs=0.01)


def test_models_are_compared_as_a_table_as_json_and_as_a_page(place: Home) -> None:
    (place.root / "broken <b>.jpg").write_bytes(b"no photo")
    page = place.root / "page.html"
    told = place.run(
        *("models", "compare", place.photos / "coffee.jpg", place.photos / "cat.jpg"),
        *(place.root / "broken <b>.jpg", "--models", f"{LITE0},{LITE2}", "--json", "--html", page),
    )
    assert told.returncode == 1
    assert "broken <b>.jpg: not an image" in told.stderr
    coffee, cat, broken = json.loads(told.stdout)
    assert [each["model"] for each in coffee["models"]] == [LITE0, LITE2]
    assert {each["class"] for each in coffee["models"]} == {"espresso"}
    assert all(each["confidence"] > 0.5 for each in coffee["models"])
    assert all("cat" in each["class"] or "tabby" in each["class"] for each in cat["models"])
    assert coffee["models"][1]["parameters_m"] == pytest.approx(6.09, abs=0.01)
    assert all(each["milliseconds"] > 0 for each in coffee["models"])
    assert broken["models"] == []
    assert broken["error"]

    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") == 2
    assert "broken &lt;b&gt;.jpg" in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "espresso" in text


def test_a_folder_is_compared_and_one_photo_that_cannot_be_read_is_said(place: Home) -> None:
    folder = place.root / "album"
    (folder / "inner").mkdir(parents=True)
    photos.coffee().save(folder / "inner" / "b.jpg")
    (folder / "a.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("nothing")
    told = place.run("models", "compare", folder, "--models", LITE0, "--json")
    assert [Path(each["path"]).name for each in json.loads(told.stdout)] == ["a.jpg", "b.jpg"]
    assert (told.returncode, "a.jpg: not an image" in told.stderr) == (1, True)
    (folder / "a.jpg").unlink()
    assert place.run("models", "compare", folder, "--models", LITE0).returncode == 0
    (folder / "inner" / "b.jpg").unlink()
    assert "no photos below" in place.run("models", "compare", folder).stderr


@pytest.mark.slow
def test_models_are_evaluated_on_photos_of_known_classes(place: Home) -> None:
    known = place.root / "known"
    for name in ("espresso", "n02123045", "unheard-of"):
        (known / name).mkdir(parents=True)
    photos.coffee().save(known / "espresso" / "a.jpg")
    photos.cat().save(known / "n02123045" / "b.jpg")
    (known / "espresso" / "c.jpg").write_bytes(b"no photo")
    photos.cat().save(known / "unheard-of" / "d.jpg")
    [found] = place.json("models", "evaluate", known, "--models", LITE2)
    assert (found["photos"], found["failed"], found["skipped"]) == (2, 1, 1)
    assert found["top1"] in {0.5, 1.0}  # Chelsea is a tabby, or an Egyptian or a tiger cat
    assert found["top5"] == 1
    assert 0 <= found["calibration_error"] <= 1
    assert found["images_per_second"] > 0
    assert found["tags"]["tags_right"] > 0.5
    table = place.run("models", "evaluate", known, "--models", LITE2).stdout
    assert re.search(rf"^{LITE2} +2 ", table, re.MULTILINE)


@pytest.mark.slow
def test_a_model_with_labels_of_its_own_tags_photos_with_them(place: Home) -> None:
    folder = place.root / "fine-tuned"
    config = AutoConfig.for_model(
        "vit",
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        id2label={0: "latte", 1: "miso soup"},
    )
    torch.manual_seed(0)
    network = models.LIBRARY.from_config(config)
    with torch.no_grad():  # sure of the second, whatever it sees
        network.classifier.bias.copy_(torch.tensor([0.0, 6.0]))
    network.save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    names = place.root / "names.tsv"
    names.write_text("#en\tja\nlatte\tラテ\nmiso soup\t味噌汁\n", encoding="utf-8")

    taken = place.run("models", "import", folder, "--as", "dishes", "--labels", names)
    assert taken.returncode == 0, taken.stderr
    assert "labels its own" in taken.stdout
    place.configure(
        f'[model]\nname = "dishes"\nfolder = "{place.root / "models"}"\n[tags]\nlanguage = "ja"\n'
    )
    try:
        assert place.run("tag", place.photos).returncode == 0
        assert place.tags("coffee.jpg") == ["味噌汁"]
        told = place.run("models", "evaluate", known(place), "--models", f"dishes,{LITE0}")
        assert (told.returncode, "Traceback" in told.stderr) == (0, False), told.stderr
        assert re.search(r"^dishes +0 +knows none of these classes", told.stdout, re.MULTILINE)
        assert re.search(rf"^{LITE0} +1 ", told.stdout, re.MULTILINE)
        alone = place.run("models", "evaluate", known(place), "--models", "dishes")
        assert (alone.returncode, "knows none of the classes" in alone.stderr) == (1, True)
        assert "cat.jpg" in place.run("search", "味噌汁").stdout
        assert place.run("models", "remove", "dishes").returncode == 0
        named = place.run("tag", photos.distinct(1, place.photos)[0])
        assert named.returncode == 1
        assert "no model is called 'dishes'" in named.stderr
    finally:
        place.configure(f'[model]\nfolder = "{place.root / "models"}"\ndevice = "cpu"\n')
    assert not (place.root / "models" / "dishes").exists()


def known(place: Home) -> Path:
    """A folder with a photo whose class is known."""
    folder = place.root / "of-known-class"
    (folder / "espresso").mkdir(parents=True, exist_ok=True)
    photos.coffee().save(folder / "espresso" / "a.jpg")
    return folder


def test_what_keeps_a_class_from_being_a_tag_is_shown(place: Home) -> None:
    strict = f'[model]\nname = "{LITE0}"\n[tags]\nmin_confidence = 0.99\n'
    place.configure(strict)
    try:
        photo = place.root / "mirrored.jpg"
        photos.cat().rotate(3).save(photo)
        assert place.run("tag", photo).returncode == 0
        told = place.run("show", photo).stdout
        assert re.search(r"^no tag +.* 0\.\d\d: below min_confidence = 0\.99$", told, re.MULTILINE)
        shown = place.json("show", photo)
        assert shown["no_tags"][0]["reason"] == "below min_confidence = 0.99"
    finally:
        place.configure(f'[model]\nfolder = "{place.root / "models"}"\ndevice = "cpu"\n')


def test_a_folder_for_models_that_cannot_be_is_said(place: Home, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    source = models.save(models.network(models.SMALLEST), models.SMALLEST, tmp_path / "w")
    place.environment["TAGD_MODEL__FOLDER"] = str(blocked / "models")
    try:
        told = place.run("models", "import", source, "--as", models.SMALLEST.id)
    finally:
        del place.environment["TAGD_MODEL__FOLDER"]
    assert told.returncode == 1
    assert "cannot be made" in told.stderr
    assert "Traceback" not in told.stderr
