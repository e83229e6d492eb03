"""What runs in the environment of the XGBoost image for `bench.formats`, each a process of its own."""
