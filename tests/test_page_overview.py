"""The overview, its drawings, and that every page of the menu opens."""

from xml.etree import ElementTree

import pytest

from aevb.figures import drawings
from aevb.models import REGISTRY
from aevb.ui import catalogue


def test_the_overview_shows_every_model_and_leads_to_its_page(open_app):
    app = open_app()
    assert not app.exception and not app.error
    titles = [entry.title for entry in catalogue.MODELS]
    assert [heading.value for heading in app.subheader] == ["Draw a digit", *titles]
    assert len(app.get("page_link")) == 1 + len(catalogue.MODELS)


@pytest.mark.parametrize("entry", catalogue.MODELS, ids=lambda entry: entry.name)
def test_every_page_opens(entry, open_app):
    app = open_app(entry.page.stem)
    assert app.title[0].value and not app.exception and not app.error and not app.warning


def test_the_catalogue_the_drawings_and_the_registry_name_the_same_models():
    names = [entry.name for entry in catalogue.MODELS]
    assert names == list(REGISTRY) == list(drawings.GRAPHS)


@pytest.mark.parametrize("name", drawings.GRAPHS)
def test_a_drawing_has_its_nodes_and_arrows(name):
    graph = drawings.GRAPHS[name]
    root = ElementTree.fromstring(drawings.graphical_model(graph, name))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("circle") == len(graph.nodes)
    arrows = len(graph.generative) + len(graph.inference)
    assert tags.count("path") == arrows + 2  # and the heads of the two kinds
    assert root.get("role") == "img" and root.get("aria-label") == name


def test_the_steps_of_em_are_drawn():
    root = ElementTree.fromstring(drawings.em_steps())
    words = "".join(root.itertext())
    assert all(word in words for word in ("ELBO", "gap", "evidence", "E-step", "M-step"))
