"""Figures show their input: the tests read matplotlib's artists, not pixels."""

from __future__ import annotations

import dataclasses
import itertools
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.ticker import FuncFormatter

from condense.data.shown import printable
from evaluate.report.drawn_graph import DrawnGraph
from evaluate.report.feature_projection import project_features
from evaluate.report.figures.classes import class_balance
from evaluate.report.figures.costs import Point, score_against_cost
from evaluate.report.figures.curves import Curve, curves
from evaluate.report.figures.graph import draw_graph
from evaluate.report.figures.matrix import SHADES, heat_map, span
from evaluate.report.figures.projection import draw_projection
from evaluate.report.figures.search import agreement
from evaluate.report.figures.style import CLASSES, DARK, PAPER, RELATIONS, SERIES, VARIABLES
from evaluate.report.figures.svg import inline, png, svg
from tests.support.graphs import small_condensed, small_graph

TICK = FuncFormatter(lambda x, _=None: f"{x:g}")


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_are_seen_on_either_page() -> None:
    assert set(DARK) == set(VARIABLES)
    for colour in SERIES:  # Lines and marks: WCAG 2 asks for 3; text of links for 4.5.
        assert contrast(colour, PAPER) >= 3
        assert contrast(DARK[colour], DARK[PAPER]) >= 3
    for name in ("ink", "muted", "series-0"):
        colour = next(c for c, n in VARIABLES.items() if n == name)
        assert contrast(colour, PAPER) >= 4.5
        assert contrast(DARK[colour], DARK[PAPER]) >= 4.5
    for colour in (*CLASSES, *RELATIONS):
        assert contrast(colour, PAPER) >= 2
        assert contrast(colour, DARK[PAPER]) >= 2
        assert colour not in VARIABLES


def test_shades_darken_without_a_turn() -> None:
    shades = [luminance(mpl.colors.to_hex(SHADES(x))) for x in np.linspace(0, 1, 50)]
    assert all(a > b for a, b in itertools.pairwise(shades))


def test_the_heat_map_shows_its_values() -> None:
    drawn = heat_map(
        "m", "Retention", ["srgm", "random"], ["mlp", "gcn"], [[101.26, None], [75.0, 88.0]]
    )
    (axes, _) = drawn.drawing.axes
    mesh = next(c for c in axes.collections if isinstance(c, QuadMesh))
    np.testing.assert_array_equal(
        np.ma.filled(mesh.get_array(), np.nan).reshape(2, 2), [[101.26, np.nan], [75.0, 88.0]]
    )
    assert [text.get_text() for text in axes.texts] == ["101.3", "–", "75.0", "88.0"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["mlp", "gcn"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["srgm", "random"]
    assert "Highest 101.3 % for srgm with mlp. Lowest 75.0 % for random with mlp." in drawn.alt


def test_long_names_are_folded_between_settings() -> None:
    drawn = heat_map("m", "T", ["srgm:relay=two-layer,hidden=64,damping=0.1"], ["mlp"], [[1.0]])
    (label,) = drawn.drawing.axes[0].get_yticklabels()
    assert label.get_text() == "srgm:relay=two-layer,\nhidden=64,damping=0.1"


def test_small_differences_keep_small_differences_of_shade() -> None:
    assert span([99.2, 100.1]) == (91, 101)
    assert span([20.0, 100.0]) == (20, 100)
    assert span([]) == (0, 100)


def test_costs_are_on_the_axis() -> None:
    points = [Point("whole", 1e6, 60, 58, 62, whole=True), Point("srgm", 1e4, 59, 57, 61)]
    drawn = score_against_cost("c", "Against bytes", points, "bytes", TICK, "small (simulated)")
    (axes,) = drawn.drawing.axes
    assert axes.get_xscale() == "log"
    single = [line for line in axes.lines if len(line.get_xdata()) == 1]
    marks = {line.get_label(): tuple(line.get_xydata()[0]) for line in single}
    assert marks == {"whole": (1e6, 60), "srgm": (1e4, 59)}
    ranges = [c.get_segments()[0] for c in axes.collections if isinstance(c, LineCollection)]
    assert [tuple(r[:, 1]) for r in ranges] == [(58, 62), (57, 61)]
    assert axes.get_title(loc="right") == "small (simulated)"


def test_curves_are_the_history() -> None:
    history = [
        {
            "step": 10.0,
            "loss": 1.0,
            "conflict_rate": 0.5,
            "chance_conflict_rate": 0.4,
            "density": 0.1,
        },
        {
            "step": 20.0,
            "loss": 0.5,
            "conflict_rate": 0.3,
            "chance_conflict_rate": 0.45,
            "my_number": 7.0,
        },
    ]
    run = Curve("srgm", history, {"loss": (20, 0.5)})
    figures = {drawn.name: drawn for drawn in curves("small", [run])}
    assert list(figures) == ["small-loss", "small-conflicts", "small-my-number"]
    (axes,) = figures["small-conflicts"].drawing.axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines == {"srgm": [[10, 0.5], [20, 0.3]], "by chance": [[10, 0.4], [20, 0.45]]}
    (axes,) = figures["small-loss"].drawing.axes
    assert [line.get_xydata().tolist() for line in axes.lines] == [
        [[10, 1], [20, 0.5]],
        [[20, 0.5]],
    ]
    (axes,) = figures["small-my-number"].drawing.axes
    assert axes.lines[0].get_xydata().tolist() == [[20, 7]]


@pytest.mark.parametrize(
    "name",
    [
        "cost$in$",
        "$x",
        r"a\frac$b$",
        "$\\frac{$",
        "<b>&amp;</b>",
        "a--b",
        "日本",
        "\x1b[31m",
        "\u202e",
    ],
)
@pytest.mark.filterwarnings("error")  # About characters that the font lacks.
def test_names_are_text_in_every_figure(name: str) -> None:
    """A pair of dollar signs would make a formula of what is between them, most often a broken one."""
    drawn_graph = DrawnGraph.of(small_condensed().graph)
    drawn_graph = dataclasses.replace(
        drawn_graph,
        types=tuple(name + t for t in drawn_graph.types),
        relations=tuple(name + r for r in drawn_graph.relations),
    )
    plane = next(project_features(small_graph(num_target=80), small_condensed().graph))
    history = [{"step": 1.0, "loss": 1.0, name: 1.0}, {"step": 2.0, "loss": 0.5, name: 2.0}]
    drawings = [
        draw_graph("g", name, drawn_graph, name),
        draw_projection("p", dataclasses.replace(plane, modality=name), name),
        class_balance("b", name, {name: [10, 30], "srgm": [1, 1]}, name),
        heat_map("h", name, [name, "b"], [name], [[0.5], [0.7]], name),
        agreement("a", name, [name, "b"], [0.5, 0.6], [0.5, 0.7], name, name, name),
        *curves("c", [Curve(name, history), Curve("b", history)], name),
    ]
    for drawn in drawings:
        assert png(drawn.drawing).startswith(b"\x89PNG")
        text = ElementTree.fromstring(svg(drawn.drawing)).itertext()
        assert any(printable(name) in part for part in text), drawn.name


def test_bars_are_shares() -> None:
    drawn = class_balance("b", "Classes", {"whole": [10, 30], "srgm": [1, 1]})
    (axes,) = drawn.drawing.axes
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [[25, 75], [50, 50]]


def test_the_plane_shows_all_condensed_nodes() -> None:
    plane = next(project_features(small_graph(num_target=80), small_condensed().graph))
    drawn = draw_projection("p", plane)
    (axes,) = drawn.drawing.axes
    cloud, *marks = (c for c in axes.collections if isinstance(c, PathCollection))
    np.testing.assert_allclose(cloud.get_offsets(), plane.whole)
    assert cloud.get_rasterized()
    drawn_at = {
        (*map(float, point), mpl.colors.to_hex(mark.get_facecolor()[0]))
        for mark in marks
        for point in mark.get_offsets()
    }
    assert drawn_at == {
        (*map(float, point), CLASSES[c])
        for point, c in zip(plane.condensed, plane.classes, strict=True)
    }
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert ((plane.condensed > (left, low)) & (plane.condensed < (right, high))).all()


def test_the_drawing_has_every_node_and_edge() -> None:
    drawn_graph = DrawnGraph.of(small_condensed().graph)
    drawn = draw_graph("g", "A graph", drawn_graph)
    (axes,) = drawn.drawing.axes
    nodes = sum(len(c.get_offsets()) for c in axes.collections if isinstance(c, PathCollection))
    edges = sum(len(c.get_segments()) for c in axes.collections if isinstance(c, LineCollection))
    assert (nodes, edges) == (len(drawn_graph.type_of), len(drawn_graph.weights))
    (legend,) = drawn.drawing.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[0] == "movie (12)"
    assert {"class 0", "class 1", "class 2"} <= set(labels)
    assert "Nodes: 12 movie, 3 director, 6 actor." in drawn.alt


def test_the_scatter_has_every_architecture() -> None:
    drawn = agreement(
        "s", "T", ["mlp", "gcn", "mlp"], [0.5, 0.6, 0.7], [0.4, 0.5, 0.6], "τ = 1", "small"
    )
    (axes,) = drawn.drawing.axes
    points = {line.get_label(): line.get_xydata().round(9).tolist() for line in axes.lines}
    assert points == {"gcn": [[60, 50]], "mlp": [[50, 40], [70, 60]]}
    assert axes.get_title(loc="left") == "τ = 1"


@pytest.fixture(scope="module")
def picture() -> str:
    return svg(class_balance("b", "Classes", {"whole": [10, 30]}).drawing)


def test_the_same_figure_gives_the_same_file(picture: str) -> None:
    assert picture == svg(class_balance("b", "Classes", {"whole": [10, 30]}).drawing)
    assert "<metadata" not in picture
    assert re.search(r">\s*class\s*<", picture)  # Text is text.
    assert png(class_balance("b", "Classes", {"whole": [10, 30]}).drawing).startswith(b"\x89PNG")


def test_inside_a_page_ids_and_colours_are_its_own(picture: str) -> None:
    first, second = inline(picture, "one", 'a "title" & <more>'), inline(picture, "two", "t")
    assert 'aria-label="a &quot;title&quot; &amp; &lt;more>"' in first
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (first, second)]
    assert not ids[0] & ids[1]
    for text, own_ids in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', text)) == own_ids
    assert "var(--series-0)" in first
    assert "http" not in first
    assert not any(colour in first for colour in VARIABLES)
