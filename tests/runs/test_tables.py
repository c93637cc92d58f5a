"""Tables of text, and JSON that every program reads."""

import json

import pytest

from agx.runs import tables


def test_numbers_are_on_the_right_and_texts_on_the_left():
    rows = [("a", 1, None), ("long", 0.123456, 1e-7), ("b", 123456.7, 2)]
    assert tables.table(("name", "x", "y"), rows) == (
        "name        x      y\n"
        "a           1      -\n"
        "long   0.1235  1e-07\n"
        "b     123,457      2"
    )  # fmt: skip


def test_a_table_without_rows_is_its_header():
    assert tables.table(("a", "b"), []) == "a  b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"), (True, "True"), (0.5, "0.5"), ([1, 2.5], "1, 2.5"), ({"mean": [0.5]}, "mean 0.5"),
        ("\x1b[31mred\n", "\ufffd[31mred\ufffd"),  # names of files and classes move no cursor
        (float("nan"), "nan"), (1e30, "1e+30"),
    ],
)  # fmt: skip
def test_values_as_people_read_them(value, text):
    assert tables.cell(value) == text


def test_json_has_null_for_what_is_not_finite():
    value = {"loss": float("nan"), "rows": [{"x": float("inf")}, (1, True, None, "é")]}
    found = json.loads(tables.as_json(value), parse_constant=pytest.fail)
    assert found == {"loss": None, "rows": [{"x": None}, [1, True, None, "é"]]}
