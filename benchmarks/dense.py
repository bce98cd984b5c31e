"""Dense training: seconds an epoch on one core and accuracy on the validation part.

    python -m benchmarks.dense [--network lenet5] [--data mnist] [--epochs 2] [--share 1] [--size 64]

Adam at 1e-3. ``--share 0.1`` trains a tenth of an epoch and scales the time up. The clock is that of
the process, so that others on the machine count little; the test part is not touched.
"""

import argparse
from itertools import islice
from time import process_time

import torch

from problems.networks import registry, training
from problems.networks.batches import Batches, Shift


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", default="lenet5")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--shift", type=int, help="pixels; with cifar10 images are mirrored, too")
    parser.add_argument(
        "--contiguous", action="store_true", help="not channels-last, which is faster"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = registry.load(arguments.data)
    registry.require_fit(arguments.network, data)
    layout = torch.contiguous_format if arguments.contiguous else torch.channels_last
    net = registry.network(arguments.network).to(memory_format=layout)
    augment = None
    if arguments.shift is not None:
        augment = Shift(arguments.shift, data.black, flip=arguments.data == "cifar10")
    of = Batches(data.train, arguments.size, augment=augment)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    steps = max(1, round(arguments.share * len(of)))
    print(f"{arguments.network}, {data.name}, batch {arguments.size}, {steps} of {len(of)} steps")
    for epoch in range(arguments.epochs):
        net.train()
        began = process_time()
        for images, labels in islice(of(epoch), steps):
            optimizer.zero_grad()
            training.loss(net, (images.contiguous(memory_format=layout), labels)).backward()
            optimizer.step()
        seconds = (process_time() - began) * len(of) / steps
        right = training.accuracy(net, data.validation)
        print(
            f"epoch {epoch}: {seconds:.1f} s an epoch, validation {100 * right:.2f} %", flush=True
        )


if __name__ == "__main__":
    main()
