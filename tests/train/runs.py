"""How the tests train, and what a run leaves."""

from click.testing import CliRunner

from sc_hw.cli import app

__all__ = ["FILES", "SMALL", "contents", "train"]

SMALL = ("--lr", "0.01", "--strength", "100", "--hidden", "12", "--tasks", "2", "--epochs", "3")
FILES = ("weights.npz", "importance.npz", "log.csv", "train.json")


def train(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}
