"""A page in the browser that shows a design while it learns behind its line: spikes, weights as images, accuracy."""
