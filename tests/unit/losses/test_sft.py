"""SFT: the distance to the teacher's prediction on the winner."""

import torch

from vip.losses.sft import sft


def test_hand_computed() -> None:
    student = torch.tensor([[1.0, 1.0], [0.0, 2.0]])
    teacher = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    assert sft(student, teacher).item() == 1.25


def test_a_student_like_its_teacher_has_no_loss() -> None:
    prediction = torch.randn(2, 4, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    assert sft(prediction, prediction.clone()).item() == 0.0


def test_gradient_by_hand() -> None:
    student = torch.tensor([[1.0, 3.0]], requires_grad=True)
    sft(student, torch.tensor([[0.0, 1.0]])).backward()
    assert student.grad is not None
    assert student.grad.tolist() == [[1.0, 2.0]]  # 2 (student - teacher) / 2
