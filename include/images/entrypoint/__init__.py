"""What every job image runs first: reads the job's configuration, runs the program, serves the model.

The package reads only what SageMaker puts into a container, so it behaves alike on AWS and on a laptop.
"""
