"""What makes the data: endpoints, mining, battles, and the run that joins them (`arena.py`)."""
