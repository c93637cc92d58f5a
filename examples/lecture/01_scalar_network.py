"""A network of Scalars with one hidden layer, fitted to a curve by gradient descent."""

from pathlib import Path

import numpy as np

import agx as ag

OUT = Path(__file__).parent / "out"


class Model:
    def __init__(self, n_hidden, rng_seed=42):
        rng = np.random.default_rng(rng_seed)
        self.w1 = [ag.Scalar(v) for v in rng.standard_normal(n_hidden)]
        self.b1 = [ag.Scalar(v) for v in rng.standard_normal(n_hidden)]
        self.w2 = [ag.Scalar(v) for v in rng.standard_normal(n_hidden) / n_hidden]
        self.b2 = [ag.Scalar(v) for v in rng.standard_normal(1)]
        self.parameters = self.w1 + self.b1 + self.w2 + self.b2

    def forward(self, x):
        outputs = []
        for value in x:
            output = self.b2[0]
            for w1, b1, w2 in zip(self.w1, self.b1, self.w2, strict=True):
                output = output + w2 * ag.relu(w1 * value + b1)
            outputs.append(output)
        return outputs


class Loss:
    def mse(self, predictions, targets):
        loss = ag.Scalar(0.0)
        for prediction, target in zip(predictions, targets, strict=True):
            loss = loss + (prediction - target) ** 2
        return loss / len(predictions)


class Optimizer:
    def __init__(self, parameters, lr=0.01):
        self.parameters = parameters
        self.lr = lr

    def zero_grad(self):
        for param in self.parameters:
            param.grad = 0.0

    def step(self):
        for param in self.parameters:
            param.value -= self.lr * param.grad


def plot(x, targets, predictions, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(x, targets, "o", color="0.5", label="data")
    axes.plot(x, predictions, label="network")
    axes.set(xlabel="x", ylabel="y")
    axes.legend()
    figure.savefig(path)


def main(epochs=500, n_hidden=20, samples=40, out=OUT):
    x = np.linspace(-1, 1, samples)
    targets = np.sin(3 * x) + 0.1 * np.random.default_rng(0).standard_normal(samples)

    model = Model(n_hidden)
    loss_fn = Loss()
    optimizer = Optimizer(model.parameters, lr=0.1)
    for epoch in range(epochs):
        optimizer.zero_grad()
        loss = loss_fn.mse(model.forward(x), targets)
        loss.backward()
        optimizer.step()
        if epoch % 50 == 0:
            print(f"Iteration {epoch}, Loss: {loss.value:.5f}")

    out.mkdir(parents=True, exist_ok=True)
    plot(x, targets, [p.value for p in model.forward(x)], out / "01_fit.png")
    print(f"final loss {loss.value:.5f}; the fit is drawn in {out / '01_fit.png'}")
    return loss.value


if __name__ == "__main__":
    main()
