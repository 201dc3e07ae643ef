"""A model folder, whole or with some units taken out on the fly: what block search generates from."""

from dataclasses import dataclass

from vip.families.base import Granularity, VideoFamily
from vip.families.folder import AS_IT_IS, ModelFolder
from vip.families.loading import Loading
from vip.hashing import content_hash


@dataclass(frozen=True)
class ModelVariant:
    """The model in a folder without the units named in `removed`; none removed is the model itself."""

    model: ModelFolder
    removed: tuple[str, ...] = ()
    granularity: Granularity = "module"

    @property
    def fingerprint(self) -> str:
        """The folder's own fingerprint where nothing is removed, so that whole-model clips are shared."""
        if not self.removed:
            return self.model.fingerprint
        return content_hash(self.model.fingerprint, self.granularity, sorted(self.removed))

    def open(self, device: str = "cpu", loading: Loading = AS_IT_IS) -> VideoFamily:
        """Open the folder and take the units out."""
        model = self.model.open(device, loading)
        if self.removed:
            model.remove(self.removed, self.granularity)
        return model
