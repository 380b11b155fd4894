"""What a command line says of bad input."""

__all__ = ["refused"]


def refused(result: tuple[int, str, str], *parts: str) -> None:
    """See that a call ended as bad input does, in one line with these parts."""
    status, out, err = result
    assert status == 2, out + err
    assert len(err.strip().splitlines()) == 1, err
    for part in parts:
        assert part in err
