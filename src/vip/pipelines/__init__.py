"""The steps of the method as Kedro pipelines; each folder holds config.py, nodes.py and pipeline.py."""
