"""ReDPO training: what the reference predicts, and the student trained against it (METHOD 2.7 and 3)."""
