"""The losses of the paper (Sec. 3.4.1), one a file, pure functions; `methods.py` names what can be trained with."""
