"""Elastic training on Kubernetes: what it runs on, and what is asked of a cluster."""
