"""The losses of the paper (Sec. 3.4.1), one a file, all pure; `methods.py` names what one can train with."""
