"""The graphical models, drawn, and Table 1, whose rows they stand beside."""

from xml.etree import ElementTree

import pytest

from aevb.figures import drawings
from aevb.models import REGISTRY
from aevb.ui.frame import catalogue
from aevb.ui.overview.models import MODELS


def test_table_1_the_drawings_and_the_registry_name_the_same_models():
    assert [entry.name for entry in MODELS] == list(REGISTRY) == list(drawings.GRAPHS)
    assert [catalogue.page(entry.page).name for entry in MODELS] == [entry.page for entry in MODELS]


@pytest.mark.parametrize("name", drawings.GRAPHS)
def test_a_drawing_has_its_nodes_and_arrows(name):
    graph = drawings.GRAPHS[name]
    root = ElementTree.fromstring(drawings.graphical_model(graph, name))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("circle") == len(graph.nodes)
    arrows = len(graph.generative) + len(graph.inference)
    assert tags.count("path") == arrows + 2  # and the heads of the two kinds
    assert root.get("role") == "img" and root.get("aria-label") == name
    for node in graph.nodes.values():  # a letter is about half as wide as high
        assert 26 / 2 + 18 / 2 * len(node.index) < 0.85 * 2 * node.radius
