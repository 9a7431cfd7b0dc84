"""The HTTP API, over a socket, on a real catalogue with real photos and without a daemon."""

from __future__ import annotations

import io
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tagd.web.application import bare_application
from tests.acceptance.home import Home
from tests.photos import cat, coffee
from tests.web import ANIMAL, CAT, DOG, ESPRESSO, Site, fill, served

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Home(tmp_path_factory.mktemp("api") / "home")
    pictures = {
        f"{n}.jpg": (cat().crop((n, 0, n + 300, 200)), {CAT: 0.5 + n / 20}) for n in range(5)
    }
    fill(
        home,
        {
            **pictures,
            "both.jpg": (cat(), {CAT: 0.91, ANIMAL: 0.95, DOG: 0.4}),
            "coffee.jpg": (coffee(), {ESPRESSO: 0.97}),
        },
    )
    with served(home) as site:
        yield site


def test_photos_come_page_by_page(site: Site) -> None:
    found, after, pages = [], "", 0
    while True:
        page = site.ask(f"/api/v1/photos?limit=2&after={after}").json
        found += [Path(item["path"]).name for item in page["items"]]
        pages += 1
        if page["next"] is None:
            break
        after = page["next"]
    assert sorted(found) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "both.jpg", "coffee.jpg"]
    assert pages == 4
    surest = site.ask("/api/v1/photos?q=%E7%8C%AB&sort=confidence&limit=1").json["items"]
    assert [Path(item["path"]).name for item in surest] == ["both.jpg"]


def test_what_did_not_change_is_not_sent_again(site: Site) -> None:
    photo = site.photo_id("coffee.jpg")
    for path in ("/api/v1/photos", "/api/v1/tags", f"/api/v1/photos/{photo}/picture"):
        first = site.ask(path)
        again = site.ask(path, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status, again.status, again.body) == (200, 304, b"")


def test_a_photo_with_all_that_is_known(site: Site) -> None:
    photo = site.photo_id("both.jpg")
    told = site.ask(f"/api/v1/photos/{photo}").json
    assert told["photo_id"] == photo
    assert {tag["tag"]: tag["tagger"] for tag in told["tags"]} == dict.fromkeys(
        ("cat", "animal", "dog"), "classifier"
    )
    assert told["paths"] == [str(site.home.photos / "both.jpg")]
    assert site.ask(f"/api/v1/photos/{photo}/history").json[0]["change"] == "tagged"


def test_pictures_of_two_sizes(site: Site) -> None:
    photo = site.photo_id("coffee.jpg")
    small = site.ask(f"/api/v1/photos/{photo}/picture")
    large = site.ask(f"/api/v1/photos/{photo}/picture?large=true")
    assert small.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(small.body)).size == (480, 320)
    assert Image.open(io.BytesIO(large.body)).size == coffee().size


def test_a_correction_is_there_and_is_undone(site: Site) -> None:
    photo = site.photo_id("both.jpg")
    body = {"action": "reject", "tag": "犬", "photos": [photo]}
    done = site.ask("/api/v1/corrections", body).json
    assert (done["tag"], done["changed"]) == ("dog", 1)
    assert site.tags("both.jpg")["dog"] == "rejected"
    assert site.ask("/api/v1/undo", {"run": done["run"]}).json["said"] == 1
    assert site.tags("both.jpg")["dog"] == "active"
    assert site.ask("/api/v1/runs").json[0]["changed"] == 1


def test_many_at_once_by_a_query(site: Site) -> None:
    body = {"action": "confirm", "tag": "cat", "query": "cat"}
    done = site.ask("/api/v1/corrections", body).json
    assert done["photos"] == done["changed"] == 6
    [cats] = [tag for tag in site.ask("/api/v1/tags").json if tag["tag"] == "cat"]
    assert (cats["right"], cats["waiting"], cats["precision"]) == (6, 0, 1.0)
    assert site.ask(f"/api/v1/tags/{CAT}/doubts").json == []
    site.ask("/api/v1/undo", {"run": done["run"]})
    doubts = site.ask(f"/api/v1/tags/{CAT}/doubts").json
    assert [round(each["confidence"], 2) for each in doubts] == [0.5, 0.55, 0.6, 0.65, 0.7, 0.91]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/api/v1/photos?q=aniaml", None, 400, "no tag"),
        ("/api/v1/corrections", {"action": "confirm", "tag": "zebra", "query": "cat"}, 409, "tag"),
        ("/api/v1/corrections", {"action": "add", "tag": " ", "query": "cat"}, 422, "name"),
        ("/api/v1/corrections", {"action": "add", "tag": "x"}, 422, "photos"),
        ("/api/v1/corrections", {"action": "add", "tag": "x", "photos": ["0" * 32]}, 409, "photos"),
        ("/api/v1/corrections", {"action": "eat", "tag": "x", "query": "cat"}, 422, "action"),
        ("/api/v1/corrections", {"action": "add", "tag": "x", "query": "cat", "y": 1}, 422, "y"),
        ("/api/v1/undo", {"run": 10**6}, 409, "no run"),
        ("/api/v1/undo", {"run": 10**40}, 422, "run"),
        ("/api/v1/write", {"query": "cat"}, 409, "off"),
        ("/api/v1/pause", {}, 503, "running"),
        ("/api/v1/tag", b"not a picture", 503, "running"),
        ("/api/v1/nothing", None, 404, "Not Found"),
        ("/api/v1/failures/retry", {"paths": ["/nowhere"]}, 404, "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_a_problem(
    site: Site, path: str, body: object, status: int, words: str
) -> None:
    told = site.ask(path, body)
    assert (told.status, told.headers["content-type"]) == (status, "application/problem+json")
    assert told.json["status"] == status
    assert words in told.json["detail"]


def test_which_of_several_meanings(site: Site) -> None:
    body = {"action": "add", "tag": "crane", "photos": [site.photo_id("coffee.jpg")]}
    told = site.ask("/api/v1/corrections", body)
    assert told.status == 409
    labels = [each["label"] for each in told.json["candidates"]]
    assert len(labels) > 1
    done = site.ask("/api/v1/corrections", {**body, "label": labels[0]}).json
    assert done["label"] == labels[0]
    site.ask("/api/v1/undo", {"run": done["run"]})


def test_completion_in_any_language(site: Site) -> None:
    def names(text: str, language: str) -> list[str]:
        headers = {"Accept-Language": language}
        found = site.ask(f"/api/v1/tags/complete?text={text}", headers=headers).json
        return [each["shown"] for each in found]

    assert names("ca", "en") == ["cat"]
    assert names("%E7%8C%AB", "en") == ["cat"]
    assert names("ca", "ja") == ["猫"]
    assert names("zzz", "en") == []


def test_how_things_stand_once_and_as_it_happens(site: Site) -> None:
    assert site.ask("/api/v1/status").json["files"]["tagged"] == 7
    head = f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {site.token}"
    said = site.raw(f"{head}\r\n\r\n".encode(), seconds=10).decode()
    data = said.partition("data: ")[2].partition("\n")[0]
    assert json.loads(data)["files"]["tagged"] == 7


# What means something to a query, to SQLite or to a URL, among any text.
TEXT = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            ["cat", '"', "(", ")", "-", "*", "conf:>", "taken:", "path:", "OR", "own:"]
        ),
        st.sampled_from(["\0", "%", "\ud800", "state:", "..", "9" * 30, "source:", "camera:", ":"]),
    ),
    max_size=6,
).map(" ".join)


@settings(max_examples=10)
@given(text=TEXT, action=st.sampled_from(["confirm", "reject", "remove"]), count=st.integers())
def test_no_words_are_a_fault(site: Site, text: str, action: str, count: int) -> None:
    quoted = urllib.parse.quote(text.encode("utf-8", "surrogatepass"))
    asked = [
        site.ask(f"/api/v1/photos?q={quoted}&limit={count}"),
        site.ask(f"/api/v1/photos?q={quoted}&limit=3&sort=confidence"),
        site.ask(f"/api/v1/photos?after={quoted}"),
        site.ask(f"/api/v1/tags/complete?text={quoted}"),
        site.ask(f"/api/v1/tags/{quoted}/doubts"),
        site.ask(f"/?q={quoted}&month={count}", headers={"Accept": "text/html"}),
        site.ask(f"/review/{quoted}", headers={"Accept": "text/html"}),
        site.ask("/api/v1/corrections", {"action": action, "tag": text, "photos": ["0" * 32]}),
        site.ask("/api/v1/corrections", {"action": action, "tag": "zebra", "query": text}),
        site.ask("/api/v1/failures/retry", {"paths": [text]}),
        site.ask("/api/v1/undo", {"run": count}),
    ]
    assert {answer.status for answer in asked} <= {200, 400, 404, 409, 422}, asked


def test_the_contract_is_the_one_in_docs() -> None:
    shipped = json.loads((REPOSITORY / "docs" / "openapi.json").read_text(encoding="utf-8"))
    now = bare_application().openapi()
    now["info"]["version"] = shipped["info"]["version"]
    hint = "python -m tagd.web.contract > docs/openapi.json"
    assert shipped == json.loads(json.dumps(now)), hint
