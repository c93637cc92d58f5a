"""A Sphinx extension: `ag.sin` in code font, anywhere, leads to its entry in the API."""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class Names(SphinxPostTransform):
    """Put a link around each literal that is the name of a public object."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        known = self.env.domains["py"].objects
        for literal in list(self.document.findall(nodes.literal)):
            name = re.sub(r"\(.*\)$", "", literal.astext())
            outside = not isinstance(
                literal.parent, (nodes.reference, addnodes.pending_xref, nodes.title)
            )
            if name.startswith("ag.") and name in known and outside:
                link = addnodes.pending_xref(
                    "", refdomain="py", reftype="obj", reftarget=name, refexplicit=True
                )
                link["refdoc"] = self.env.docname
                literal.replace_self(link)
                link += literal


def setup(app: object) -> dict[str, object]:
    app.add_post_transform(Names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
