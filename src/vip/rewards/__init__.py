"""The rewards a YAML file can name: `base.py` is the interface, one file each, `registry.py` lists them."""
