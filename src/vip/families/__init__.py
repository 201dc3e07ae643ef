"""Video model families: `base.py` says what one must do, one file each does it, `registry.py` names them."""
