"""Video model families: `base.py` says what a family must do, one file each does it, `registry.py` names them."""
