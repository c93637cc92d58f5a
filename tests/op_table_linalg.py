"""Rows of the op table; see op_table.py."""

rows = {}
