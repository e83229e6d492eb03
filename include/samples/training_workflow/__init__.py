"""A synthetic stand-in for the UCI Adult (census income) data."""
