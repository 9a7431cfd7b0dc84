"""What a person may set, and how a mistake is told."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tagd.config import Config, find, load, user_file
from tagd.config.example import text as example
from tagd.config.keys import SECTIONS, section_of
from tagd.config.mistakes import line_of
from tagd.config.paths import expand
from tagd.config.section import Unit
from tagd.errors import ConfigError
from tests.configuration import refused, written

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_without_anything_the_defaults_hold(environ: dict[str, str]) -> None:
    config = load(None, environ)
    home = Path(environ["HOME"])
    assert find(None, environ) is None
    assert config.watch.folders == (home / "Pictures",)
    assert config.catalogue.path == home / ".local/share/tagd/catalogue.db"
    assert config.watch.settle_seconds == 1.0
    assert config.worker.max_attempts == 5
    assert config.worker.decoders >= 1


def test_xdg_data_home_moves_the_catalogue(environ: dict[str, str]) -> None:
    config = load(None, {**environ, "XDG_DATA_HOME": "/srv/data"})
    assert config.catalogue.path == Path("/srv/data/tagd/catalogue.db")


def test_the_nearer_file_counts(tmp_path: Path, environ: dict[str, str]) -> None:
    system = written(tmp_path / "etc", "[tags]\ntop_k = 1")
    assert find(None, environ) == system
    own = written(tmp_path / "home/.config/tagd", "[tags]\ntop_k = 2")
    assert find(None, environ) == own == user_file(environ)
    elsewhere = written(tmp_path / "xdg/tagd", "[tags]\ntop_k = 3")
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert find(None, environ) == elsewhere
    by_variable = written(tmp_path / "variable", "[tags]\ntop_k = 4")
    environ["TAGD_CONFIG"] = str(by_variable)
    assert load(None, environ).tags.top_k == 4
    by_option = written(tmp_path / "option", "[tags]\ntop_k = 5")
    assert load(by_option, environ).tags.top_k == 5


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_file_that_was_named_must_be_there(
    way: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    missing = tmp_path / "nowhere.toml"
    option = missing if way == "option" else None
    if way == "variable":
        environ["TAGD_CONFIG"] = str(missing)
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(option, environ)


def test_paths_are_expanded_and_start_at_the_file(tmp_path: Path, environ: dict[str, str]) -> None:
    environ["ALBUMS"] = "/albums"
    file = written(
        tmp_path / "conf",
        '[watch]\nfolders = ["photos", "~/p", "$ALBUMS/x", "${ALBUMS}y", "../up", "/a/./b"]\n'
        '[catalogue]\npath = "tags.db"\n',
    )
    config = load(file, environ)
    home = Path(environ["HOME"])
    assert config.watch.folders == (
        tmp_path / "conf/photos",
        home / "p",
        Path("/albums/x"),
        Path("/albumsy"),
        tmp_path / "up",
        Path("/a/b"),
    )
    assert config.catalogue.path == tmp_path / "conf/tags.db"


def test_a_path_from_a_variable_starts_at_the_current_folder(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "conf", '[watch]\nfolders = ["photos"]\n[tags]\ntop_k = 2\n')
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    environ["TAGD_CATALOGUE__PATH"] = "tags.db"
    config = load(file, environ)
    assert config.catalogue.path == tmp_path / "here/tags.db"
    assert config.watch.folders == (tmp_path / "conf/photos",)
    assert config.tags.top_k == 2


def test_a_variable_outranks_the_file_key_by_key(tmp_path: Path, environ: dict[str, str]) -> None:
    file = written(tmp_path, "[watch]\nsettle_seconds = 2\nrescan_minutes = 7\n")
    environ |= {
        "TAGD_WATCH__SETTLE_SECONDS": "3.5",
        "TAGD_WATCH__FOLDERS": '["/a", "/b c"]',
        "TAGD_TAGS__ANCESTORS": "false",
        "TAGD_MODEL__NAME": "5",
        "TAGD_LOG__LEVEL": "",
    }
    config = load(file, environ)
    assert config.watch.settle_seconds == 3.5
    assert config.watch.rescan_minutes == 7
    assert config.watch.folders == (Path("/a"), Path("/b c"))
    assert config.tags.ancestors is False
    assert config.model.name == "5"
    assert config.log.level == "info"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[watch]\n\nsetle_seconds = 2",
            "config.toml, line 3: unknown key watch.setle_seconds = 2\n"
            "  did you mean settle_seconds?",
        ),
        ("[tags]\nmin_confidence = '0.5'", "line 2: tags.min_confidence = '0.5': must be a number"),
        ("[tags]\ntop_k = 2.5", "tags.top_k = 2.5: must be a whole number"),
        ("[tags]\ntop_k = true", "tags.top_k = true: must be a whole number"),
        ("[tags]\nancestors = 1", "tags.ancestors = 1: must be true or false"),
        ("[watch]\nfolders = '/p'", "watch.folders = '/p': must be a list"),
        ("[watch]\nfolders = ['/p', 3]", "watch.folders[1] = 3: must be a path in quotes"),
        ("[watch]\nfolders = []", "watch.folders = []: must name at least one folder"),
        ("[watch]\nexclude = ['']", "watch.exclude[0] = '': must not be empty"),
        ("[tags]\nthresholds = 3", "tags.thresholds = 3: must be a table"),
        ("[watch]\nrescan_minutes = 0", "watch.rescan_minutes = 0: must be greater than 0"),
        ("[watch]\nrescan_minutes = inf", "watch.rescan_minutes = inf: must be a finite number"),
        ("[retag]\ncron = '30 0 * * 1-5'", "must name the weekdays, such as mon-fri"),
        ("[retag]\ncron = '30 0 * *'", "must be a cron time"),
        ("[model]\ndevice = 'gpu'", "model.device = 'gpu': must be 'auto', 'cpu' or 'cuda'"),
        ("[tags]\nlanguage = 'tlh'", "tags.language = 'tlh': there are no names in it, but in en"),
        ("[catalogue]\npath = '$NOWHERE/x'", "catalogue.path = '$NOWHERE/x': $NOWHERE is not set"),
        ("watch = 3", "line 1: watch = 3: must be a table"),
        ("worker.decoders = -1", "line 1: worker.decoders = -1: must be greater than or equal"),
        (
            "[wacth]\nfolders = ['x']",
            "unknown key wacth = {'folders': ['x']}\n  did you mean [watch]",
        ),
        ("[tags]\nsettle_seconds = 1", "did you mean watch.settle_seconds?"),
        ("settle_seconds = 1", "did you mean watch.settle_seconds?"),
        ("[zzz]\nq = 1", "there are [watch], [catalogue], [tags]"),
        ("[watch]\nfolders = [\n'a'", "config.toml, line 3: not valid TOML"),
        ("[watch]\nfolders == 3", "config.toml, line 2: not valid TOML"),
        (
            "[policy]\nuse = 'fast'",
            "line 2: policy.use = 'fast': must be '', 'high-accuracy', 'gen",
        ),
        ("[policy]\naccuracy_target = 100", "policy.accuracy_target = 100: must be less than 100"),
        (
            "[policy.cascade]\nmodels = ['a', 'b']\nsettles_at = [0.5, 0.6]",
            "settles_at must have one number for each model but the last",
        ),
        ("[policy.cascade]\nmodels = ['a', 'a']", "models must differ from each other"),
        (
            "[[policy.rules]]\nmodels = ['a']\n\n[[policy.rules]]\nmodels = ['a']\nhours = '9-5'",
            "line 6: policy.rules[1].hours = '9-5': must be two times of day, such as 22:00-06:00",
        ),
        ("[[policy.rules]]\ntype = 'JPG'", "line 2: policy.rules[0].type = 'JPG': must be one of"),
        ("[[policy.rules]]\npath = 'x'", "line 1: policy.rules[0] = {'path': 'x'}: must have eith"),
        (
            "[[policy.rules]]\nmodels = ['a']\nuse = 'edge'",
            "must have either models, or use, accuracy_target, latency_target_ms",
        ),
        (
            "[policy]\nbacklog = 1\n[[policy.rules]]\nmodels = ['a', 3]",
            "line 4: policy.rules[0].models[1] = 3: must be text in quotes",
        ),
    ],
)
def test_a_mistake_names_place_key_value_and_remedy(
    text: str, told: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    assert told in refused(written(tmp_path, text), environ)


def test_one_folder_that_cannot_be_is_one_mistake(tmp_path: Path, environ: dict[str, str]) -> None:
    told = refused(written(tmp_path, "[watch]\nfolders = ['$NOWHERE/x']"), environ)
    assert "line 2: watch.folders[0] = '$NOWHERE/x': $NOWHERE is not set" in told
    assert "\n" not in told


def test_the_mark_that_editors_on_windows_begin_a_file_with_is_no_mistake(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    file = written(tmp_path, "\ufeff[tags]\ntop_k = 3\n")
    assert load(file, environ).tags.top_k == 3


def test_all_mistakes_are_told_in_the_order_of_the_file(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    environ["TAGD_WORKER__BATCH_SIZE"] = "many"
    environ["TAGD_WACH__FOLDERS"] = "x"
    file = written(tmp_path, "[tags]\ntop_k = 0\n[watch]\nsettle_seconds = 'x'\nunheard = 1\n")
    lines = refused(file, environ).splitlines()
    assert lines[0] == "5 mistakes in the configuration:"
    assert [
        key
        for line in lines[1:4]
        for key in ("tags.top_k", "watch.settle_seconds", "watch.unheard")
        if key in line
    ] == ["tags.top_k", "watch.settle_seconds", "watch.unheard"]
    assert "variable TAGD_WACH__FOLDERS: unknown key wach.folders" in lines[4]
    assert "variable TAGD_WORKER__BATCH_SIZE: worker.batch_size = 'many'" in lines[5]


def test_a_policy_is_read_whole(tmp_path: Path, environ: dict[str, str]) -> None:
    text = """
        [policy]
        latency_target_ms = 40
        [policy.cascade]
        models = ["a", "b"]
        [[policy.rules]]
        name = "sport"
        path = "sport/*"
        hours = "22:00-24:00"
        models = ["c"]
        [[policy.rules]]
        type = "raw"
        use = "high-accuracy"
    """
    environ["TAGD_POLICY__BACKLOG"] = "500"
    policy = load(written(tmp_path, text), environ).policy
    assert (policy.latency_target_ms, policy.backlog) == (40, 500)
    assert policy.cascade.models == ("a", "b")
    assert [(rule.name, rule.models, rule.use) for rule in policy.rules] == [
        ("sport", ("c",), ""),
        ("", (), "high-accuracy"),
    ]


def test_a_list_that_is_no_json_names_the_variable(environ: dict[str, str]) -> None:
    environ["TAGD_WATCH__FOLDERS"] = "/photos"
    with pytest.raises(ConfigError, match=r"TAGD_WATCH__FOLDERS.*must be a list") as caught:
        load(None, environ)
    assert caught.value.key == "watch.folders"


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"[watch]\nfolders = ['\xff']")
    assert "UTF-8" in refused(file, environ)


def test_watching_takes_the_place_of_the_folders_alone(environ: dict[str, str]) -> None:
    config = load(None, environ)
    other = config.watching([Path("/other")])
    assert other.watch.folders == (Path("/other"),)
    assert other.watch.settle_seconds == config.watch.settle_seconds
    assert other.catalogue == config.catalogue
    assert config.watch.folders != other.watch.folders


def test_a_configuration_is_frozen(environ: dict[str, str]) -> None:
    config = load(None, environ)
    with pytest.raises(ValidationError, match="frozen"):
        config.watch.settle_seconds = 3.0


def test_the_shipped_example_is_the_one_that_init_writes() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example()


def test_the_example_changes_nothing(tmp_path: Path, environ: dict[str, str]) -> None:
    assert load(written(tmp_path, example()), environ) == load(None, environ)


def test_the_example_has_every_key_with_its_default_its_unit_and_a_why(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    lines = example().splitlines()
    uncommented = "\n".join(
        line.removeprefix("#")
        for line in lines
        if line.startswith("[") or line[:2] not in {"# ", ""}
    )
    table: dict[str, dict[str, Any]] = tomllib.loads(uncommented)
    assert {name: tuple(keys) for name, keys in table.items()} == SECTIONS
    assert load(written(tmp_path, uncommented), environ) == load(None, environ)
    within: list[str] = []
    for line in lines:
        within.append(line if line.startswith("[") or not within else within[-1])
    for section in SECTIONS:
        for key, field in section_of(section).model_fields.items():
            (at,) = [
                number
                for number, line in enumerate(lines)
                if line.startswith(f"#{key} = ") and within[number] == f"[{section}]"
            ]
            assert lines[at - 1].startswith("# "), f"{key} has no word of why"
            units = [item.name for item in field.metadata if isinstance(item, Unit)]
            number = isinstance(table[section][key], int | float) and field.annotation is not bool
            assert bool(units) is number, f"{key}: a number, and nothing else, has a unit"
            assert all(lines[at].endswith(f"  # {unit}") for unit in units)


def test_reading_a_file_imports_no_pydantic_settings(tmp_path: Path) -> None:
    file = written(tmp_path, "[tags]\ntop_k = 3")
    code = (
        "import sys, pathlib, tagd.config as c; c.load(pathlib.Path(sys.argv[1]), {'HOME': '/'});"
        "assert 'pydantic_settings' not in sys.modules;"
        "c.load(None, {'HOME': '/', 'TAGD_TAGS__TOP_K': '3'});"
        "assert 'pydantic_settings' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


@given(st.text(st.characters(exclude_characters="\0$~", exclude_categories=["Cs"]), min_size=1))
def test_an_expanded_path_is_absolute_and_stays_as_it_is(text: str) -> None:
    once = expand(text, Path("/base"), {})
    assert once.is_absolute()
    assert ".." not in once.parts
    assert expand(str(once), Path("/other"), {}) == once


@given(
    st.sampled_from([(section, key) for section, keys in SECTIONS.items() for key in keys]),
    st.integers(0, 5),
    st.booleans(),
)
def test_the_line_of_a_key_is_found(target: tuple[str, str], blank: int, dotted: bool) -> None:
    section, key = target
    text = "\n" * blank + (f"{section}.{key} = 1" if dotted else f"[{section}]\n{key} = 1")
    assert line_of(text, target) == blank + (1 if dotted else 2)
    assert line_of(text, (section, "other")) is None


def test_config_alone_is_whole() -> None:
    """Made without a file, as tests and tools do, every path is absolute all the same."""
    config = Config()
    assert config.catalogue.path.is_absolute()
    assert all(folder.is_absolute() for folder in config.watch.folders)


def test_a_current_folder_that_is_gone_keeps_no_one_from_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("PWD", str(gone))
    gone.rmdir()
    environ = {"HOME": str(tmp_path), "TAGD_CATALOGUE__PATH": "a.db"}
    assert load(None, environ).catalogue.path == gone / "a.db"


def test_pages_can_be_turned_off_by_a_variable(tmp_path: Path) -> None:
    """An empty variable counts as not set."""
    variables = {"HOME": str(tmp_path), "TAGD_WEB__LISTEN": "off"}
    assert load(None, variables).web.address is None
