"""ReDPO training: what the reference predicts, and the student trained against it."""
