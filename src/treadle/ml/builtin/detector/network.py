"""A small network that finds objects by their centres, at an eighth of the pictures' scale and a quarter's.

For each label a map says where centres are; four numbers beside say where within the cell, and how large.
Source: X. Zhou, D. Wang and P. Krähenbühl, Objects as Points, 2019.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

#: Pixels of a picture in a cell of the maps, and what sides of pictures are multiples of.
STRIDE, MULTIPLE = 4, 16
_WIDTHS = (16, 32, 64, 96)
#: How likely a centre is in a cell before anything was learnt.
_RARE = -2.2

Tensor = Any


class Network(nn.Module):  # type: ignore[misc] # torch stands outside of what is checked
    """From (n, 3, height, width) in 0 to 1, sides multiples of `MULTIPLE`: centres and boxes of each cell."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        first, second, third, fourth = _WIDTHS
        self.to_half = nn.Sequential(_convolution(3, first, stride=2), _convolution(first, first))
        self.to_quarter = nn.Sequential(_convolution(first, second, stride=2), _Residual(second))
        self.to_eighth = nn.Sequential(_convolution(second, third, stride=2), _Residual(third))
        self.to_sixteenth = nn.Sequential(
            _convolution(third, fourth, stride=2), _Residual(fourth), _Residual(fourth)
        )
        self.from_sixteenth = nn.Conv2d(fourth, third, 1)
        self.from_eighth = nn.Conv2d(third, third, 1)
        self.from_quarter = nn.Conv2d(second, third, 1)
        self.join_eighth = _convolution(third, third)
        self.join_quarter = _convolution(third, third)
        self.centres = nn.Sequential(_convolution(third, third), nn.Conv2d(third, classes, 1))
        self.boxes = nn.Sequential(_convolution(third, third), nn.Conv2d(third, 4, 1))
        self.centres[-1].bias.data.fill_(_RARE)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(n, classes, h, w) before the sigmoid; (n, 4, h, w): across and down within the cell, and the
        logarithms of width and height in cells.
        """
        quarter = self.to_quarter(self.to_half(pictures))
        eighth = self.to_eighth(quarter)
        sixteenth = self.from_sixteenth(self.to_sixteenth(eighth))
        joined = self.join_eighth(
            self.from_eighth(eighth) + functional.interpolate(sixteenth, scale_factor=2)
        )
        joined = self.join_quarter(
            self.from_quarter(quarter) + functional.interpolate(joined, scale_factor=2)
        )
        return self.centres(joined), self.boxes(joined)


def peaks(network: Network, pictures: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The likeliest centres of each picture: (n, k, 4) left, top, right, bottom in pixels, (n, k) scores,
    (n, k) classes.
    """
    with torch.inference_mode():
        centres, boxes = network(pictures)
        likely = centres.sigmoid()
        likely = likely * (functional.max_pool2d(likely, 3, 1, 1) == likely)
        height, width = likely.shape[2:]
        scores, places = likely.flatten(1).topk(min(most, likely[0].numel()))
        cells = places % (height * width)
        numbers = boxes.flatten(2).gather(2, cells[:, None].expand(-1, 4, -1))
        across = (cells % width + numbers[:, 0]) * STRIDE
        down = (torch.div(cells, width, rounding_mode="floor") + numbers[:, 1]) * STRIDE
        half_width, half_height = numbers[:, 2:].clamp(-6, 8).exp().unbind(1)
        half_width, half_height = half_width * STRIDE / 2, half_height * STRIDE / 2
        corners = (across - half_width, down - half_height, across + half_width, down + half_height)
        classes = torch.div(places, height * width, rounding_mode="floor")
        return torch.stack(corners, -1).cpu(), scores.cpu(), classes.cpu()


def _twice(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2)


def _convolution(inner: int, outer: int, *, stride: int = 1) -> Any:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, stride, 1, bias=False), nn.BatchNorm2d(outer), nn.SiLU(inplace=True)
    )


class _Residual(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(_convolution(width, width), _convolution(width, width))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.inner(features)
