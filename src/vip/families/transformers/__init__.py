"""Video families whose denoiser is a transformer: pruned by deleting whole blocks and counting them again."""
