"""``sc-hw train``: from data to a trained network and the importance of its weights."""
