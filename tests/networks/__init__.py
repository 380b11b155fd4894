"""Networks as hardware."""
