"""The plotly figures of factor analysis."""

from dataclasses import fields, replace

import numpy as np
import pytest

from aevb.experiments import EXPERIMENT_1, Experiment, Trajectory, run
from aevb.figures.factor_analysis import em_plot, planes
from aevb.training import Alternating


@pytest.fixture(scope="module")
def trajectory() -> Trajectory:
    schedule = Alternating(20, 10)
    return run(Experiment(replace(EXPERIMENT_1.training, steps=60, schedule=schedule)))


def test_the_em_plot_has_its_lines_and_shades_the_e_steps(trajectory):
    figure = em_plot(trajectory, -3.985)
    names = {trace.name for trace in figure.data}
    assert {"ELBO", "evidence", "ELBO, one-sample estimate"} <= names
    assert "evidence of the true model, −3.985" in names
    shaded = {(shape.x0, shape.x1) for shape in figure.layout.shapes if shape.type == "rect"}
    assert shaded == {(0, 20), (30, 50)}
    gap = next(trace for trace in figure.data if trace.name.startswith("gap"))
    np.testing.assert_allclose(gap.y, trajectory.gap)
    assert figure.layout.yaxis2.type == "log"


def test_no_two_curves_of_the_em_plot_differ_by_colour_alone(trajectory):
    figure = em_plot(trajectory, -3.985)
    looks = [(trace.mode, trace.line.dash, trace.line.width) for trace in figure.data if trace.yaxis != "y2"]
    assert len(looks) == len(set(looks)) == 4


def test_the_em_plot_stays_small(trajectory):
    columns = {field.name: getattr(trajectory, field.name) for field in fields(Trajectory)}
    long = {name: np.resize(column, (2501, *column.shape[1:])) for name, column in columns.items()}
    long = Trajectory(**long | {"phase": np.full(2501, "EM")})
    assert max(len(trace.x) for trace in em_plot(long, -3.985).data) <= 2000


def test_the_planes_show_all_three_pairs():
    x = np.arange(12.0).reshape(4, 3)
    figure = planes(x, -x)
    shown = [(tuple(trace.x), tuple(trace.y)) for trace in figure.data]
    assert shown[0] == (tuple(x[:, 0]), tuple(x[:, 1]))
    assert shown[3] == (tuple(-x[:, 0]), tuple(-x[:, 2]))
    assert len(shown) == 6
    assert len({trace.marker.symbol for trace in figure.data}) == 2  # told apart not by colour alone
