"""Block pruning: remove the units that matter least, and see what that damaged."""
