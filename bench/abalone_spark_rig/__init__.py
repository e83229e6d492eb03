"""What `bench.abalone_spark` is made of."""
