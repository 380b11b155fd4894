"""The scenarios again, on MNIST-5k; about an hour. What its runs gave is part of the project: delete it to begin anew."""

from pathlib import Path

from measurement import Measurement
from scenarios_task import Setting
from scenarios_task import measure as measured

MNIST = Setting(
    "MNIST-5k, 784-256-256, 10 epochs a task, Adam at 0.001, batches of 64",
    Path(__file__).parents[2] / "docs" / "measured" / "learning" / "runs" / "mnist5k.jsonl",
    {"data": "mnist5k", "hidden": (256, 256), "epochs": 10, "memory": 100},
    {
        "ewc": (1e3, 1e4, 1e5, 1e6),
        "online_ewc": (1e3, 1e4, 1e5, 1e6),
        "si": (0.1, 1.0, 10.0),
        "mas": (0.01, 0.1, 1.0),
        "lwf": (0.3, 1.0, 3.0),
    },
)


def measure(*, only_kept: bool = False) -> Measurement:
    """Choose every strength, then train every protocol, method and seed with it; ``only_kept``: train nothing."""
    return measured(MNIST, only_kept=only_kept)
