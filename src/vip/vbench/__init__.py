"""VBench (Huang et al., CVPR 2024): its prompts and file names, its command, its results, its totals."""
