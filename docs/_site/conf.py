"""Sphinx's settings for the site; ``make docs`` builds it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import agx

project = "agx"
version = release = agx.__version__
author = "the authors of agx"
project_copyright = ""
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # it is fetched, which a browser refuses for files
html_use_index = False  # the search finds names, and more

extensions = ["myst_parser", "links"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]
smartquotes = False  # much of the text is code
add_module_names = False
toc_object_entries_show_parents = "hide"
highlight_language = "none"

html_theme = "furo"
html_title = "agx"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"
