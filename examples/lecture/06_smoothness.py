"""The smoothness slides: a kernel that subtracts diagonal neighbours finds edges and little else."""

from pathlib import Path

import numpy as np

import agx as ag

OUT = Path(__file__).parent / "out"
KERNEL = np.array([[1.0, 0.0], [0.0, -1.0]], np.float32)


def response(images):
    """Each channel's difference of diagonal neighbours: (N, C, H, W) -> (N, C, H - 1, W - 1)."""
    N, C, H, W = images.shape
    flat = images.reshape(N * C, 1, H, W)
    return ag.conv2d(flat, KERNEL[None, None]).reshape(N, C, H - 1, W - 1)


def plot(images, edges, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.3 * len(images), 2.8), layout="constrained")
    grid = figure.subplots(2, len(images), squeeze=False)
    for column, image, edge in zip(grid.T, images, edges, strict=True):
        column[0].imshow(image[0], cmap="gray")
        column[1].imshow(edge[0], cmap="gray", vmin=-1, vmax=1)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.savefig(path)


def main(images=None, out=OUT):
    if images is None:
        images = ag.data.digits("test", size=32).arrays[0][:8]
    shuffled = np.random.default_rng(0).permuted(images.reshape(len(images), -1), axis=1)
    edges = response(images)
    rough = response(shuffled.reshape(images.shape))
    print(f"mean absolute response of the images       {np.abs(edges).mean():.4f}")
    print(f"... of the same pixels in random order     {np.abs(rough).mean():.4f}")
    out.mkdir(parents=True, exist_ok=True)
    plot(images, edges, out / "06_smoothness.png")
    print(
        f"Neighbouring pixels are alike: the kernel answers at edges only ({out / '06_smoothness.png'})"
    )
    return edges, rough


if __name__ == "__main__":
    main()
