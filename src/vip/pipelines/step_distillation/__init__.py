"""Step distillation: a teacher of few steps out of the embedded one."""
