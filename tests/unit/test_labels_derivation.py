"""What several taggers say of one photo becomes its tags, together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tagd.domain import CLASSIFIER, EVERYDAY, Predictions, Tags
from tagd.labels.derivation import Derivation, labels_of
from tagd.labels.derive import sorted_tags
from tagd.labels.rules import TagRules
from tests.labels import predicted

TABBY, CAT, ANIMAL, DOG = "n02123045", "n02121808", "n00015388", "n02084071"
BEACH, SKY, SEA = "n09428293", "n09436708", "n09426788"


@dataclass
class Everything:
    """Gives every word as a tag, and asks what the classifier gives."""

    derivation: Derivation
    seconded: dict[str, bool] = field(default_factory=dict)

    def tags_of(self, predictions: Predictions, seconds: Callable[[str], bool]) -> Tags:
        self.seconded = {label: seconds(label) for label in (TABBY, CAT, ANIMAL, BEACH)}
        said = dict(zip(predictions.labels, predictions.probabilities(), strict=True))
        hierarchy = self.derivation.hierarchy.knowing(predictions.labels)
        return Tags(predictions.photo_id, sorted_tags(said, said, hierarchy))

    def probabilities(self, predictions: Predictions) -> Mapping[str, float]:
        return dict(zip(predictions.labels, predictions.probabilities(), strict=True))

    def why_not(self, label: str, probability: float, model: str) -> str:
        raise NotImplementedError


def by(rules: TagRules) -> Derivation:
    """By these rules, with a second tagger whose every word is a tag."""
    derivation = Derivation.by(rules)
    return replace(derivation, further={EVERYDAY: Everything(derivation)})


def tags(
    classifier: Mapping[str, float], everyday: Mapping[str, float], rules: TagRules | None = None
) -> dict[str, list[str]]:
    said = {CLASSIFIER: predicted(classifier), EVERYDAY: predicted(everyday)}
    found = by(rules or TagRules()).together(said)
    return {key: [tag.label for tag in its.tags] for key, its in found.items()}


def test_each_gives_its_own_tags_and_the_same_word_twice() -> None:
    assert tags({TABBY: 0.9}, {CAT: 0.8, BEACH: 0.7}) == {
        CLASSIFIER: [TABBY, CAT, ANIMAL],
        EVERYDAY: [CAT, BEACH],
    }


def test_of_all_together_the_best_of_each_first_are_kept() -> None:
    assert tags({TABBY: 0.9}, {BEACH: 0.8, SKY: 0.7, SEA: 0.6}, TagRules(top_k=3)) == {
        CLASSIFIER: [TABBY, CAT],
        EVERYDAY: [BEACH],
    }
    assert tags({TABBY: 0.9}, {BEACH: 0.8, SKY: 0.7}, TagRules(top_k=1)) == {
        CLASSIFIER: [TABBY],
        EVERYDAY: [],
    }


def test_a_word_of_both_counts_once() -> None:
    both = tags({TABBY: 0.9}, {CAT: 0.8, ANIMAL: 0.8, BEACH: 0.7}, TagRules(top_k=4))
    assert both == {CLASSIFIER: [TABBY, CAT, ANIMAL], EVERYDAY: [CAT, ANIMAL, BEACH]}


def test_without_broader_tags_none_is_broader_than_anothers() -> None:
    alone = TagRules(ancestors=False)
    assert tags({TABBY: 0.9}, {CAT: 0.8, DOG: 0.7}, alone) == {
        CLASSIFIER: [TABBY],
        EVERYDAY: [DOG],
    }


def test_a_tagger_learns_what_the_classifier_gives_and_what_is_above_it() -> None:
    alone = Derivation.by(TagRules(ancestors=False))
    second = Everything(alone)
    said = {CLASSIFIER: predicted({TABBY: 0.9}), EVERYDAY: predicted({})}
    replace(alone, further={EVERYDAY: second}).together(said)
    assert second.seconded == {TABBY: True, CAT: True, ANIMAL: True, BEACH: False}


def test_what_a_tagger_says_counts_for_the_classifiers_tags() -> None:
    assert CAT in tags({TABBY: 0.6}, {CAT: 0.9})[CLASSIFIER]
    assert tags({TABBY: 0.6}, {CAT: 0.01, BEACH: 0.9})[CLASSIFIER] == [], "no cat, it says"


def test_one_that_is_not_here_any_more_gives_nothing() -> None:
    gone = Derivation.by(TagRules()).together({"gone": predicted({BEACH: 1.0})})
    assert labels_of(gone) == set()


def test_the_digest_changes_with_what_taggers_go_by() -> None:
    plain = Derivation.by(TagRules())
    assert plain.digest() == Derivation.by(TagRules()).digest()
    assert replace(plain, further_digest=lambda: "heads").digest() != plain.digest()
