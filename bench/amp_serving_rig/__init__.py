"""What `bench.amp_serving` is made of, and the tests of the recommender endpoint."""
