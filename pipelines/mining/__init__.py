"""Instructions: drawn out of the experts, read, deduplicated, graded."""
