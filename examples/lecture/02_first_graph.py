"""The computational graphs of the first slides, with the value and the gradient of every node."""

from pathlib import Path

import agx as ag

OUT = Path(__file__).parent / "out"


def first_slide():
    x, y = ag.Scalar(0.7, label="x"), ag.Scalar(-1.9, label="y")
    return ag.log(1 + ag.exp(-(x + y))) * (x + y)


def dot_product():
    xs = [ag.Scalar(v, label=f"x{i}") for i, v in enumerate([1.0, -2.0, 3.0])]
    ys = [ag.Scalar(v, label=f"y{i}") for i, v in enumerate([0.5, 4.0, -1.0])]
    z = ag.Scalar(0.0)
    for x, y in zip(xs, ys, strict=True):
        z = z + x * y
    return z


def cross_entropy():
    z = ag.Tensor([0.3, -1.2, 2.0], label="z")
    expz = ag.exp(z)
    return -ag.log(expz[0] / ag.sum(expz))


def main(out=OUT, suffix=".svg"):
    out.mkdir(parents=True, exist_ok=True)
    drawings = []
    for build in (first_slide, dot_product, cross_entropy):
        f = build()
        f.backward()
        drawing = ag.draw(f)
        path = drawing.save(out / f"02_{build.__name__}{suffix}")
        print(f"{build.__name__}: value {f.value:.5f}, {drawing.values} values, drawn in {path}")
        drawings.append(drawing)
    return drawings


if __name__ == "__main__":
    main()
