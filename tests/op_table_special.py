"""Rows of the op table for special functions; see op_table.py."""

rows = {}
