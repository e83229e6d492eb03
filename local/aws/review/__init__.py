"""People's work: review tasks, the workers who do them, and the page where they do."""
