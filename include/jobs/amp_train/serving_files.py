"""What ships inside the model, so that it is served by the code that it was trained with."""

READERS = ("connection.py", "keys.py", "listing.py", "reading.py")
"""Of the function `pit_features`, which writes what they read."""
SERVING = (
    *("inference.py", "forest.py", "ranking_features.py"),
    *("list_request.py", "recommender.py", "live_catalog.py", "topics_heuristic.py"),
    *("online_features.py", "online_store.py", "live_counts.py", "serving_stores.py", "circuit.py"),
    *READERS,
)
