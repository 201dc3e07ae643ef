"""The weights of a small network that is no diffusion model."""

from typing import TYPE_CHECKING, Any

from vip.datasets.codecs import TensorsCodec
from vip.datasets.files import StoredDataError, load_sealed, local_path, save_sealed
from vip.datasets.sealed_file import SealedFileDataset

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]
else:
    Tensors = Any


class TensorsDataset(SealedFileDataset[Tensors, Tensors]):
    """Named tensors in a safetensors file, sealed.

    YAML:
        classifier_weights:
          type: vip.datasets.TensorsDataset
          filepath: data/06_models/classifier_training/weights.safetensors

    Python:
        >>> import torch
        >>> dataset = TensorsDataset(filepath="weights.safetensors")
        >>> dataset.save({"bias": torch.zeros(2)})
        >>> dataset.load()
        {'bias': tensor([0., 0.])}
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the file's path."""
        self._path = local_path(filepath)
        self.metadata = metadata

    def load(self) -> Tensors:
        """Read the tensors, sorted by name; UserError where there is no such file, or a damaged one."""
        content = load_sealed(self._path)
        try:
            return TensorsCodec().decode({".safetensors": content})
        except ValueError as error:
            raise StoredDataError(f"{self._path} cannot be read ({error}); make it again") from None

    def save(self, data: Tensors) -> None:
        """Write the tensors, of whatever types and shapes."""
        save_sealed(self._path, TensorsCodec().encode(data)[".safetensors"])
