"""The verb ``selftest``: known faults planted, each of which the campaign must find."""
