"""Alignment: teach a model, as it is, a preference between its own clips (the paper's other use of ReDPO)."""
