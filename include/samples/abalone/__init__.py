"""A synthetic stand-in for the UCI Abalone data."""
