"""What teacher and student make of a clip on its way through them: the features that BK-SDM compares.

Only for methods of `vip.losses.methods.WITH_TEACHER`: all others know the teacher by its stored predictions.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from vip.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from vip.families.base import VideoFamily
    from vip.families.folder import ModelFolder
    from vip.families.loading import Loading
    from vip.training.batches import NoisyPairs
    from vip.types import Conditioning


@contextmanager
def captured(family: "VideoFamily", names: Collection[str]) -> "Iterator[dict[str, Tensor]]":
    """The features at these places of its denoiser, by name, as calls inside the block leave them.

    Places that the family lacks are left out, and so are those that a call passes by. A backward pass belongs
    behind the block: where it computes activations again, nothing is to be captured.
    """
    found: dict[str, Tensor] = {}
    handles = [
        family.denoiser.get_submodule(path).register_forward_hook(partial(_keep, found, name))
        for name, path in family.feature_paths().items()
        if name in names
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _keep(found: "dict[str, Tensor]", name: str, _module: object, _given: object, output: Any) -> None:
    """Of several outputs the first: others are skip connections or words."""
    found[name] = output[0] if isinstance(output, tuple) else output


def of_winners(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """The first half of the rows of each, where samples are all winners, then all losers."""
    return {name: tensor.chunk(2)[0] for name, tensor in tensors.items()}


def winners_features(
    teacher: "VideoFamily", samples: "NoisyPairs", conditioning: "Conditioning", names: Collection[str]
) -> "dict[str, Tensor]":
    """The teacher's features of the winners of some pairs, at those of these places that it has."""
    import torch

    given = of_winners({"noisy": samples.noisy, "timesteps": samples.timesteps})
    with torch.no_grad(), captured(teacher, names) as found:
        teacher.predict(teacher.denoiser, given["noisy"], given["timesteps"], of_winners(conditioning))
    return found


@dataclass(frozen=True)
class FeatureTeacher:
    """The frozen teacher that stays beside its student; opened when it is first asked."""

    folder: "ModelFolder"
    student: "VideoFamily"
    loading: "Loading"
    device: str

    @cached_property
    def _family(self) -> "VideoFamily":
        return self.folder.open(self.device, self.loading)

    def features(self, samples: "NoisyPairs", conditioning: "Conditioning") -> "dict[str, Tensor]":
        """Its features of the winners, at the places that its student has as well; UserError for none."""
        names = self.student.feature_paths()
        found = winners_features(self._family, samples, conditioning, names)
        if not found:
            raise UserError(
                f"{self.folder.path} and its student share none of the {len(names)} places whose features "
                "could be compared; choose another method, or remove less"
            )
        return found
