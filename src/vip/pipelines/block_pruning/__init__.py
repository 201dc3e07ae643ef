"""Block pruning: remove the units that matter least, and see what that damaged (METHOD 2.1 and 2.2)."""
