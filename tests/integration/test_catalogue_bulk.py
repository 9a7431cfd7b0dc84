"""Statements that are made once say of many rows what SQLAlchemy says of each."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update

from tagd.catalogue.db.bulk import among, at_once, many
from tagd.catalogue.db.schema import label
from tagd.catalogue.db.statements import take_over, upserting
from tests.catalogue import rows

MANY = 40_000  # more than SQLite takes parameters (32,766)


def test_each_row_is_said(tx: Connection) -> None:
    taken_in = upserting(label, key=["key"], changes=take_over("name"))
    many(tx, taken_in, [{"name": "cat", "key": "n1"}, {"name": "dog", "key": "n2"}])
    many(tx, taken_in, [{"key": "n2", "name": "犬"}])
    renamed = update(label).where(label.c.key == bindparam("of")).values(name=bindparam("to"))
    many(tx, renamed, [{"of": "n1", "to": "猫"}, {"of": "n3", "to": "nobody"}])
    assert rows(tx, "SELECT key, name FROM label ORDER BY key") == [("n1", "猫"), ("n2", "犬")]


def test_nothing_is_said_of_no_rows(tx: Connection) -> None:
    many(tx, insert(label), [])
    at_once(tx, "INSERT INTO label (key, name) VALUES {}", [])
    assert rows(tx, "SELECT count(*) FROM label") == [(0,)]


def test_a_row_that_lacks_a_column_is_refused(tx: Connection) -> None:
    with pytest.raises(KeyError):
        many(tx, insert(label), [{"key": "n1", "name": "cat"}, {"key": "n2"}])


def test_there_may_be_any_number_of_rows_and_values(tx: Connection) -> None:
    keys = [f"n{number} 'é'" for number in range(MANY)]
    at_once(tx, "INSERT INTO label (key, name) VALUES {}", [(key, key[::-1]) for key in keys])
    found = select(label.c.key).where(among(label.c.key, "keys")).order_by(label.c.id)
    assert tx.scalars(found, {"keys": [*keys[1:], "another"]}).all() == keys[1:]
    assert tx.scalars(found, {"keys": []}).all() == []
    by_id = select(label.c.key).where(among(label.c.id, "ids"))
    assert tx.scalars(by_id, {"ids": [MANY, MANY + 1]}).all() == [keys[-1]]
