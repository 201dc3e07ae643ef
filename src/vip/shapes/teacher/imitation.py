"""An autoencoder of another class learns to give and to read the latents of a trained one.

So a pipeline that takes no AutoencoderKL has the same latents as the others, and what was learned of them
(that they must be white, say) holds for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vip.seeding import generator_for
from vip.shapes.teacher.autoencoder import DISTURBANCE, NO_VARIANCE, to_unit_range
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    from torch import Tensor

    from vip.training.checkpoints import CheckpointFolder


def imitate(
    own: Any, latents: "Tensor", clips: "Tensor", loop: Loop, seed: int, checkpoints: "CheckpointFolder"
) -> list[Row]:
    """Train `own`, a causal video autoencoder, in place on single frames.

    `clips` are uint8 (N, F, 3, H, W), `latents` theirs (N, C, F, h, w). The loss is the squared error of
    pictures decoded from slightly disturbed latents, and that of encoded latents.
    """
    import torch

    frames, wanted = clips.flatten(0, 1), latents.transpose(1, 2).flatten(0, 1)
    channels = latents.shape[1]

    def loss_at(step: int) -> "Tensor":
        generator = generator_for("own_autoencoder", seed, step)
        rows = torch.randint(len(frames), (loop.batch_size,), generator=generator)
        pictures, clean = to_unit_range(frames[rows])[:, :, None], wanted[rows][:, :, None]
        noise = torch.randn(clean.shape, generator=generator)
        decoded = own.decoder(own.post_quant_conv(clean + DISTURBANCE * noise), first_chunk=True)
        encoded = own.quant_conv(own.encoder(pictures))[:, :channels]
        loss: Tensor = (decoded - pictures).square().mean() + (encoded - clean).square().mean()
        return loss

    with torch.no_grad():
        own.quant_conv.weight[channels:] = 0.0
        own.quant_conv.bias[channels:] = NO_VARIANCE
    with one_frame_at_a_time(own):
        return learn("own_autoencoder", own, loss_at, loop, checkpoints)


@contextmanager
def one_frame_at_a_time(autoencoder: Any) -> Iterator[None]:
    """Let causal convolutions use the one tap that a frame alone meets: a third of the work."""
    import torch

    convolutions: list[Any] = [m for m in autoencoder.modules() if isinstance(m, torch.nn.Conv3d)]
    for module in convolutions:
        module.forward = _last_tap(module)
    try:
        yield
    finally:
        for module in convolutions:
            del module.forward


def _last_tap(module: Any) -> Any:
    from torch.nn import functional

    around = module.kernel_size[-1] // 2

    def forward(frame: "Tensor", cache_x: None = None) -> "Tensor":
        del cache_x
        pictures = functional.conv2d(frame[:, :, 0], module.weight[:, :, -1], module.bias, padding=around)
        return pictures[:, :, None]

    return forward
