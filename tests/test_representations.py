"""What a person reads of Tensors, models, optimisers, loaders and histories, in text and in a notebook."""

import numpy as np
import pytest

import agx as ag


def images():
    return ag.Tensor(
        np.linspace(0, 1, 64 * 3 * 32 * 32, dtype=np.float32).reshape(64, 3, 32, 32), label="x"
    )


def test_large_tensor_is_a_few_numbers_and_statistics():
    assert repr(images()) == (
        "Tensor([0, 5.086e-06, 1.017e-05, ..., 1], dtype=float32, shape=(64, 3, 32, 32), "
        "0 to 1, mean 0.5, std 0.2887, 1 zeros, label='x')"
    )
    bad = ag.Tensor(np.full(300, np.nan))
    assert "300 not finite" in repr(bad) and "[nan, nan, nan, ..., nan]" in repr(bad)
    assert "0 to 5" in repr(ag.Tensor(np.r_[np.zeros(299), 3 + 4j]))


def test_small_tensor_has_all_its_numbers():
    assert repr(ag.Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (images, ["Tensor x", "(64, 3, 32, 32), float32", "0 to 1, mean 0.5"]),
        (lambda: ag.Tensor([1.0, 2.0]) * 2.0, ["[2., 4.]", "operation", "mul"]),
        (
            lambda: ag.Tensor(1.0, label="<b>", requires_grad=False),
            ["without a gradient &lt;b&gt;"],
        ),
        (lambda: ag.Scalar(2.0, label="a"), ["Scalar a", "value", "gradient"]),
        (lambda: ag.Scalar(2.0) * 3.0, ["operation", "mul"]),
        (ag.models.lenet5, ["Conv2d(1, 6, kernel_size=(5, 5))", "48,120", "61,706"]),
        (lambda: ag.optim.SGD([ag.Tensor([1.0])], lr=0.1), ["SGD", "momentum", "0.1"]),
        (lambda: ag.data.Loader(ag.data.digits(), 32), ["Loader", "batches", "45", "ArrayDataset"]),
    ],
)
def test_notebooks_show_a_table(make, expected):
    html = make()._repr_html_()
    assert html.startswith("<table>") and html.endswith("</table>")
    assert [text for text in expected if text not in html] == []


def test_gradient_of_a_tensor_is_told():
    x = ag.Tensor([3.0, 4.0])
    assert "gradient" not in x._repr_html_()
    (x * x).sum().backward()
    assert "norm 10" in x._repr_html_()


def test_module_counts_what_is_shared_once():
    layer = ag.nn.Linear(3, 4)
    html = ag.nn.Sequential(layer, ag.nn.ReLU(), layer)._repr_html_()
    assert html.count(">16<") == 3  # the whole, and the layer under both of its names
    assert ">32<" not in html


def test_loader_in_text_draws_no_number():
    rng = np.random.default_rng(0)
    loader = ag.data.Loader(
        np.ones((10, 2)), 4, shuffle=True, transforms=[ag.data.ToFloat()], rng=rng
    )
    before = rng.bit_generator.state
    assert repr(loader).endswith(
        "batch_size=4, batches=3, shuffle=True, transforms=[ToFloat(white=255)])"
    )
    assert rng.bit_generator.state == before
    stream = ag.data.Loader(lambda: iter([np.ones(2)]), 4)
    assert "batches" not in repr(stream)


def test_schedule_in_text():
    optimizer = ag.optim.SGD([ag.Tensor([1.0])], lr=0.1)
    schedule = ag.optim.StepLR(optimizer, step_size=1)
    schedule.step()
    assert repr(schedule) == "StepLR(after 1 steps: lr=0.01)"


def test_history_and_plots_show_once():
    pytest.importorskip("matplotlib")
    model = ag.nn.Sequential(ag.nn.Flatten(), ag.nn.Linear(64, 10))
    data = ag.data.Loader(ag.data.digits(), 256)
    history = ag.fit(
        model, data, ag.cross_entropy, ag.optim.SGD(model.parameters(), lr=0.1), 1, progress=False
    )
    assert history._repr_html_().count("<table") == 1 and repr(history).startswith("epoch")
    figure = ag.viz.learning_curves(history)
    assert figure._repr_png_().startswith(b"\x89PNG")
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_statistics_of_the_largest_numbers_warn_of_nothing():
    text = repr(ag.Tensor(np.repeat([1e300, -1e300], 5000)))
    assert "-1e+300 to 1e+300, mean " in text and "std 1e+300" in text
