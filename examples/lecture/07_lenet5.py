"""LeNet-5 tells automobiles from birds in CIFAR-10: one logit, binary cross entropy."""

import argparse

import agx as ag


def loss_fn(logits, targets):
    return ag.binary_cross_entropy_with_logits(logits.reshape(-1), targets)


def main(root=None, download=False, epochs=5, batch_size=64, seed=0):
    ag.seed(seed)
    classes = ("automobile", "bird")
    train = ag.data.cifar10("train", root=root, download=download, classes=classes)
    test = ag.data.cifar10("test", root=root, download=download, classes=classes)
    print(f"X[0].shape = (C, H, W) = {train.arrays[0][0].shape}, {len(train)} images to learn from")

    model = ag.models.lenet5(in_channels=3, classes=1)
    optimizer = ag.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    pixels = train[:][0]
    even = [ag.data.Normalize(pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)))]
    loader = ag.data.Loader(train, batch_size, shuffle=True, transforms=even)
    test_loader = ag.data.Loader(test, 500, transforms=even)
    accuracy = ag.train.Accuracy("logits")  # loss_fn does not say what the outputs are
    history = ag.fit(
        model, loader, loss_fn, optimizer, epochs, validation=test_loader, metrics=[accuracy]
    )
    print(history)
    print(f"test accuracy: {100 * history[-1]['validation_accuracy']:.2f} %")
    return history


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", help="the folder that holds CIFAR-10")
    parser.add_argument("--download", action="store_true", help="fetch CIFAR-10 if it is missing")
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    try:
        main(options.root, options.download, options.epochs)
    except FileNotFoundError as error:
        parser.exit(1, f"{error}\n")
