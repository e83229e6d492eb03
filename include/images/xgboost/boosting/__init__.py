"""XGBoost in SageMaker's training contract: channels, formats, checkpoints, several hosts.

The image's built-in algorithm is made of these modules, and a script in script mode imports them as
``boosting``.
"""
