"""What the battles lead to: the training tables, their mix, their splits and the order of their rows."""
