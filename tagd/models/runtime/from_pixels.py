"""A network behind its normalisation, as every session of PyTorch's and every graph has it. Imports
torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from tagd.models.runtime.taps import Tapped
    from tagd.models.zoo.preprocessing import Preprocessing


class FromPixels(torch.nn.Module):
    """`uint8` pictures of (N, height, width, 3) to what the network answers with. It normalises in
    fp32, where the network is, and gives the network what it computes in."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(
        self,
        network: Tapped,
        preprocessing: Preprocessing,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.network = network
        self._dtype = dtype
        mean = torch.tensor(preprocessing.mean).view(1, 3, 1, 1)
        std = torch.tensor(preprocessing.std).view(1, 3, 1, 1)
        # (pixel / 255 - mean) / std with two passes over the picture in place of three.
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        # A permuted view of pixels is channels-last already, and stays so.
        pixels = images.permute(0, 3, 1, 2).to(torch.float32)
        answer: tuple[torch.Tensor, ...] = self.network(
            (pixels * self.scale + self.shift).to(self._dtype)
        )
        return answer
