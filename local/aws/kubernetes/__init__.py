"""The part of the Kubernetes API that a cluster needs to train on: what is kept, told and watched."""
