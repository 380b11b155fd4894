"""``sc-hw fit``: a network that learns in the chip, in its golden model."""
