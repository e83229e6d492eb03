"""What `bench.bias` is made of."""
