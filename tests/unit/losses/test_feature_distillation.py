"""BK-SDM's loss: three terms added up, features compared place by place."""

import pytest
import torch

from vip.losses.feature_distillation import feature_distillation, feature_loss


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_sum_by_hand() -> None:
    task, output, features = torch.tensor(0.5), torch.tensor(0.25), torch.tensor(4.0)
    assert feature_distillation(task, output, features, 1.0, 1.0).item() == 4.75
    assert feature_distillation(task, output, features, 2.0, 0.125).item() == 1.5


def test_places_are_means_that_are_added_up() -> None:
    teacher = {"narrow": torch.zeros(2, 1), "wide": torch.zeros(2, 2, 2)}
    student = {"narrow": torch.tensor([[1.0], [3.0]]), "wide": torch.tensor([[[2.0, 0], [0, 2]]] * 2)}
    assert feature_loss(student, teacher, clips=2).item() == (1 + 9) / 2 + (4 + 4) / 4


def test_a_row_a_frame_is_the_same_mean() -> None:
    student, teacher = random(3, 4, 5, 2), random(3, 4, 5, 2, seed=1)
    whole = feature_loss({"a": student}, {"a": teacher}, clips=3)
    frames = feature_loss({"a": student.flatten(0, 1)}, {"a": teacher.flatten(0, 1)}, clips=3)
    torch.testing.assert_close(frames, whole)


def test_places_that_share_clips_count_by_what_they_see() -> None:
    student, teacher = random(4, 5), random(4, 5, seed=1)
    whole = feature_loss({"a": student}, {"a": teacher}, clips=4)
    shared = feature_loss(
        {"high": student[:1], "low": student[1:]}, {"high": teacher[:1], "low": teacher[1:]}, clips=4
    )
    torch.testing.assert_close(shared, whole)


def test_a_student_like_its_teacher_has_no_loss_and_no_gradient() -> None:
    student, output = random(2, 3, 4, 4).requires_grad_(), random(2, 5).requires_grad_()
    features = feature_loss({"a": student}, {"a": student.detach().clone()}, clips=2)
    distance = (output - output.detach()).square().mean()
    loss = feature_distillation(torch.tensor(0.0), distance, features, 1.0, 1.0)
    loss.backward()
    assert loss.item() == 0.0
    for given in (student, output):
        assert given.grad is not None
        assert given.grad.abs().max().item() == 0.0


def test_the_gradient_is_that_of_the_mean_squared_error() -> None:
    student, teacher = random(3, 4, 5).requires_grad_(), random(3, 4, 5, seed=1)
    plain = torch.autograd.grad(torch.nn.functional.mse_loss(student, teacher), student)[0]
    found = torch.autograd.grad(feature_loss({"a": student}, {"a": teacher}, clips=3), student)[0]
    torch.testing.assert_close(found, plain)


@pytest.mark.parametrize("names", [("a",), ("a", "b", "c"), ()])
def test_features_of_other_places_are_refused(names: tuple[str, ...]) -> None:
    teacher = {name: torch.zeros(1, 1) for name in "ab"}
    with pytest.raises(ValueError, match=r"cannot be compared with those of \['a', 'b'\]"):
        feature_loss({name: torch.zeros(1, 1) for name in names}, teacher, clips=1)
    with pytest.raises(ValueError, match=r"features of \[\]"):
        feature_loss({}, {}, clips=1)
