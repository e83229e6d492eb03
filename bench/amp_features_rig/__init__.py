"""What `bench.amp_features` is made of."""
