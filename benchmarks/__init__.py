"""Speed, as ratios in one run against peers and against the floor. Never timed tests."""
