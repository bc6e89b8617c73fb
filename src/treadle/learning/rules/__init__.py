"""What a project does by itself: training by count, clock or address, and the order of the queue."""
