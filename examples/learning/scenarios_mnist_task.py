"""The scenarios again, on MNIST-5k; takes about an hour."""

from measurement import Measurement
from scenarios_task import Setting
from scenarios_task import measure as measured

MNIST = Setting(
    "MNIST-5k, 784-256-256, 10 epochs a task, Adam at 0.001, batches of 64",
    {"data": "mnist5k", "hidden": (256, 256), "epochs": 10, "memory": 100},
    {
        "ewc": (1e3, 1e4, 1e5, 1e6),
        "online_ewc": (1e3, 1e4, 1e5, 1e6),
        "si": (0.1, 1.0, 10.0),
        "mas": (0.01, 0.1, 1.0),
        "lwf": (0.3, 1.0, 3.0),
    },
)


def measure() -> Measurement:
    """Choose every strength, then train every protocol, method and seed with it."""
    return measured(MNIST)
