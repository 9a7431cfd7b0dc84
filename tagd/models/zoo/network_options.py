"""What a configuration from elsewhere may say of a network: numbers, plain words and short lists.

A library does much on request: it loads checkpoints by their path, fetches kernels and runs code
that comes along. Nothing of that is ever asked for. Pure.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from tagd.errors import WeightsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

# What timm's `model_args` may say: how large the network is, and of which kinds its layers are.
_TIMM: Final = frozenset(
    {
        "act_layer", "attn_drop_rate", "avg_down", "base_width", "block_reduce_first", "bn_eps",
        "bn_momentum", "cardinality", "channel_multiplier", "channels", "class_token",
        "conv_mlp", "depth", "depth_multiplier", "depths", "dims", "down_kernel_size",
        "drop_path_rate", "drop_rate", "dynamic_img_pad", "dynamic_img_size", "embed_dim",
        "embed_dims", "fc_norm", "final_norm", "fix_stem", "global_pool", "head_hidden_size",
        "head_init_scale", "head_norm_first", "img_size", "in_chans", "init_values", "kernel_sizes",
        "layers", "ls_init_value", "mlp_ratio", "mlp_ratios", "no_embed_class", "norm_eps",
        "norm_layer", "num_features", "num_heads", "num_reg_tokens", "output_stride", "pad_type",
        "patch_drop_rate", "patch_size", "pos_drop_rate", "pos_embed", "pre_norm",
        "proj_drop_rate", "qk_norm", "qkv_bias", "reg_tokens", "replace_stem_pool", "sr_ratios",
        "stem_size", "stem_type", "stem_width", "strict_img_size", "use_grn", "window_size",
        "zero_init_last",
    }
)  # fmt: skip
_GIVEN: Final = frozenset({"num_classes", "pretrained"})  # tagd says these itself
# What no network depends on, and what could make transformers fetch or run something.
_NEVER: Final = frozenset(
    {"auto_map", "custom_pipelines", "quantization_config", "trust_remote_code", "use_kernels"}
)
_ATTENTION: Final = "attn_implementation"
_CHANNELS: Final = frozenset({"in_chans", "num_channels"})  # those of a photo
_WORD: Final = re.compile(r"[A-Za-z0-9_]{0,40}")
_DEPTH: Final = re.compile(r"depth|layers?(_|$)|blocks?(_|$)")
_MOST: Final = 1 << 16  # of any number: of channels, pixels, words
_DEEPEST: Final = 512  # layers
_LONGEST: Final = 256  # values in a list, with those of lists in it
_NESTED: Final = 3


def of_timm(said: object, origin: str) -> dict[str, Any]:
    """Take timm's `model_args`. Raises `WeightsRefused` on anything else than how large a network
    is."""
    if not isinstance(said, dict):
        raise WeightsRefused(f"{origin}: model_args is no table")
    options = {key: value for key, value in said.items() if key not in _GIVEN}
    for key, value in options.items():
        if key not in _TIMM:
            raise WeightsRefused(f"{origin}: model_args.{key} is not one that tagd hands on")
        _require_plain(key, value, f"{origin}: model_args.{key}")
    return options


def of_transformers(
    said: Mapping[str, Any], origin: str, *, is_part: bool = False
) -> dict[str, Any]:
    """Take transformers' configuration, or a part of it, without what can be no part of a network.

    Which of its keys the architecture itself declares is looked up when it is built. Raises
    `WeightsRefused`.
    """
    options: dict[str, Any] = {}
    for key, value in said.items():
        if _asks_for_more(key, value):
            raise WeightsRefused(
                f"{origin}: {key} asks for more than a network, which tagd never does"
            )
        if isinstance(value, dict):
            if value and key.endswith("_config") and not is_part:
                options[key] = of_transformers(value, f"{origin}: {key}", is_part=True)
        elif _is_plain(key, value):
            options[key] = value
        elif _is_of_size(value):
            _require_plain(key, value, f"{origin}: {key}")
    return options


def _asks_for_more(key: str, value: object) -> bool:
    if key.endswith(_ATTENTION):
        return not (value is None or (isinstance(value, str) and _WORD.fullmatch(value)))
    return key in _NEVER and bool(value)


def _require_plain(key: str, value: object, what: str) -> None:
    if not _is_plain(key, value):
        raise WeightsRefused(f"{what} = {str(value)[:60]} is none that tagd hands on")


def _is_of_size(value: object) -> bool:
    """Return whether it is numbers: to leave these out would make another network."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(value, int | float) for value in values)


def _is_plain(key: str, value: object, depth: int = 0) -> bool:
    """Return whether it is a bounded number, a plain word, or a short list of such."""
    if isinstance(value, list):
        inside = depth < _NESTED and _count(value) <= _LONGEST
        return inside and all(_is_plain(key, item, depth + 1) for item in value)
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        most = _DEEPEST if _DEPTH.search(key) else _MOST
        return value == 3 if key in _CHANNELS else -most <= value <= most
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) <= _MOST
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _count(values: list[Any]) -> int:
    """Count the values, with those of the lists among them, up to a bound."""
    waiting, found = [values], 0
    while waiting and found <= _LONGEST:
        listed = waiting.pop()
        found += len(listed)
        waiting += [inner for inner in listed[:_LONGEST] if isinstance(inner, list)]
    return found
