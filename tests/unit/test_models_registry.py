"""The zoo's facts, and what is said of a row that is wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

import pytest

from tagd.domain import Geometry
from tagd.errors import ModelError, ModelUnknown
from tagd.models.zoo import labelset, registry

EMBEDDED = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
WANTED = """
resnet-18 resnet-34 resnet-50 resnet-101 resnet-152 vit-base deit-tiny deit-small deit-base
swin-tiny swin-base pvt-v2-b0 pvt-v2-b2 eva02-tiny eva02-small eva02-base eva02-large
convnext-tiny convnext-small convnext-base convnext-large efficientnet-b0 efficientnet-b1
efficientnet-b2 efficientnet-b3 efficientnet-b4 efficientnet-b5 efficientnet-b6
efficientnet-b7 efficientnet-lite0 efficientnet-lite1 efficientnet-lite2 mobilenet-v2
mobilenet-v3-large mobilenet-v4-conv-small vgg-16 vgg-19 googlenet inception-v3 inception-v4
inception-resnet-v2 alexnet
"""
ZOO = resources.files("tagd.models.zoo").joinpath("zoo.toml").read_text(encoding="utf-8")


def test_the_embedded_models_stand_in_the_zoo_with_their_facts() -> None:
    assert tuple(registry.zoo())[:3] == EMBEDDED
    lite2 = registry.find("efficientnet-lite2")
    assert lite2.family == "EfficientNet-Lite"
    assert lite2.licence == "Apache-2.0"
    assert lite2.input_size == (260, 260)
    assert lite2.preprocessing.geometry == Geometry(resize=292, crop=(260, 260))
    assert lite2.top1 == pytest.approx(77.464)


def test_accuracy_and_cost_grow_together() -> None:
    facts = [registry.find(model) for model in EMBEDDED]
    assert [f.top1 for f in facts] == sorted(f.top1 or 0 for f in facts)
    assert [f.gmacs for f in facts] == sorted(f.gmacs or 0 for f in facts)


@pytest.mark.parametrize("model", registry.zoo())
def test_every_fact_has_a_source(model: str) -> None:
    facts = registry.find(model)
    measured = {"weights", "licence", "parameters_m", "gmacs", "preprocessing", "memory_mb"}
    measured |= {fact for fact in ("top1", "config", "self_test") if getattr(facts, fact)}
    assert {fact for fact in measured if not facts.sources.get(fact)} == set()
    assert ("top1" in facts.sources) == (facts.top1 is not None)


def test_every_row_that_was_asked_for_is_there() -> None:
    assert set(WANTED.split()) <= set(registry.zoo())
    by_backend = {facts.backend for facts in registry.zoo().values()}
    assert by_backend == {"timm", "transformers", "torchvision"}


def test_a_checkpoint_is_named_in_full() -> None:
    """A bare name of timm's says nothing of whose weights a figure belongs to."""
    for facts in registry.zoo().values():
        match facts.backend:
            case "timm":
                assert facts.checkpoint.startswith(f"{facts.architecture}."), facts.id
            case "transformers":
                assert facts.checkpoint.count("/") == 1, facts.id
            case "torchvision":
                assert facts.checkpoint.endswith("_Weights.IMAGENET1K_V1"), facts.id


@pytest.mark.parametrize(
    ("model", "top1"),
    [
        ("eva02-large", 90.05),
        ("eva02-base", 88.25),
        ("eva02-tiny", 80.63),
        ("vit-base-augreg2", 85.1),
        ("convnext-tiny", 82.1),
        ("efficientnet-b0", 76.8),
        ("efficientnet-b7", 84.4),
        ("vgg-16", 71.6),
        ("mobilenet-v2", 72.98),
        ("alexnet", 56.52),
        ("resnet-50", None),
        ("vit-base", None),
    ],
)
def test_accuracy_is_that_of_the_named_checkpoint_or_absent(model: str, top1: float | None) -> None:
    found = registry.find(model).top1
    assert found == (None if top1 is None else pytest.approx(top1, abs=0.05))


@pytest.mark.parametrize("model", registry.zoo())
def test_memory_grows_with_the_batch_and_halves_with_the_precision(model: str) -> None:
    facts = registry.find(model)
    one, many = facts.memory_needed_mb("fp32"), facts.memory_needed_mb("fp32", 64)
    assert facts.parameters_m * 1e6 * 4 / 2**20 <= one < many
    assert facts.memory_needed_mb("bf16", 64) == pytest.approx(many / 2, abs=64)


@pytest.mark.parametrize("model", EMBEDDED)
def test_the_golden_answer_is_sorted_and_of_this_label_set(model: str) -> None:
    facts = registry.find(model)
    golden = facts.self_test
    assert golden is not None
    assert len(golden.labels) == len(golden.logits) == 10
    assert list(golden.logits) == sorted(golden.logits, reverse=True)
    assert golden.log_sum_exp > golden.logits[0]
    assert set(golden.labels) <= set(labelset.load(facts.label_set))


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("efficientnet-lite3", "efficientnet-lite"),
        ("resnet50", "resnet-50"),
        ("eva-02-large", "eva02-large"),
        ("EfficientNet_Lite2", "efficientnet-lite2"),
        ("lite0", "efficientnet-lite0"),
        ("!", "Known are: efficientnet-lite0, efficientnet-lite1, efficientnet-lite2, resnet-18, "),
    ],
)
def test_an_unknown_model_is_refused_with_the_nearest_names(asked: str, hint: str) -> None:
    with pytest.raises(ModelUnknown, match="no model is called") as caught:
        registry.find(asked)
    assert repr(asked) in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("top1 = 74.83", 'top1 = "high"', "efficientnet-lite0: top1: .*number"),
        ("top1 = 74.83", "top1 = 174.83", "efficientnet-lite0: top1: .*100"),
        ("top1 = 74.83", "top2 = 74.83", "efficientnet-lite0: top2: Extra"),
        ('family = "EfficientNet-Lite"', "", "efficientnet-lite0: family: Field required"),
        ('backend = "timm"', 'backend = "tim"', "efficientnet-lite0: backend: .*'timm'"),
        ("gmacs = 0.40", "gmacs = 0.40\ncolour = 1", "efficientnet-lite0: colour: Extra"),
        ("size_bytes = 18826032", "size_bytes = 1.5", r"weights\.size_bytes: .*integer"),
        ("crop = [224, 224]", "crop = [224]", r"preprocessing\.geometry\.crop\.1"),
        ('interpolation = "bicubic"', 'interpolation = "cubic"', "geometry.interpolation"),
        ('sha256 = "5793', 'sha256 = "Z793', r"weights\.sha256: .*pattern"),
        ('id = "efficientnet-lite0"', 'id = "Lite 0"', "Lite 0: id: .*pattern"),
        ('id = "efficientnet-lite0"\n', "", "model 1: id: Field required"),
        ('id = "efficientnet-lite0"', 'id = "efficientnet-lite1"', "2 models are called"),
        ("[[model]]", "[[model]", "not a table of models"),
    ],
)
def test_a_wrong_row_is_refused_by_model_and_key(right: str, wrong: str, said: str) -> None:
    assert right in ZOO
    head, _, _ = ZOO.partition('\n[[model]]\nid = "efficientnet-lite2"')
    with pytest.raises(ModelError, match=f"(?s)^zoo.toml: .*{said}"):
        registry.parse(head.replace(right, wrong, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[model]\nid = 'a'", "model: .*array"),
        ("[[modle]]\nid = 'a'", "modle: .*'model'"),
        ("model = [1]", "model 1: .*object"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, said: str) -> None:
    with pytest.raises(ModelError, match=f"^mine.toml: .*{said}"):
        registry.parse(text, origin="mine.toml")


def test_an_empty_zoo_has_no_models() -> None:
    assert registry.parse("") == {}


def test_facts_geometries_labels_and_fingerprints_cost_no_heavy_import() -> None:
    script = (
        "import sys\n"
        "from tagd.models.pool import ModelPool\n"
        "pool = ModelPool()\n"
        "for model in ('efficientnet-lite0', 'efficientnet-lite2'):\n"
        "    pool.geometry_of(model), pool.labels_of(model), pool.fingerprint_of(model)\n"
        "heavy = {'torch', 'timm', 'torchvision', 'transformers', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
