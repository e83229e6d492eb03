"""What `bench.speech` is made of."""
