"""The ranks of a training job: processes of the user's script, as many on every host."""
