"""Place and route: the clock a core reaches on a device, its use of the device, and its critical path in the design's names."""
