"""How far the network's answers are from what was done, in nats for each part of a step."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from policy.actions import Head
from policy.features import ABSENT, FINE
from policy.loader import Answers
from policy.model import LABELS, Outputs

PARTS: Mapping[str, tuple[Head, ...]] = {
    "kind": (Head.KIND,),
    "time": (Head.GAP, Head.DURATION),
    "key": (Head.KEY, Head.ALT, Head.CTRL, Head.META, Head.SHIFT, Head.COUNT),
    "scroll": (Head.SCROLL_X, Head.SCROLL_Y, Head.UNIT),
    "text": (Head.CASING, Head.MORE),
    "pointer": (),
}
"""Parts of a step, and the heads of the codec that each takes in."""
# nats of a guess among as many classes, by which parts are made alike (Pixels2Play, 2601.04575)
_SCALES = {"kind": 12, "time": 16, "key": 121, "scroll": 9, "text": 20, "pointer": 20}
_FAILURE_SHARE = 0.1
_TIME_SHARE = 0.1  # when is less than what: it must not take the capacity


def nats(outputs: Outputs, answers: Answers) -> dict[str, Tensor]:
    """Return the nats of each part, (B, T, M); 0 where a part says nothing."""
    split = outputs.labels.split(LABELS, dim=-1)
    found = {
        part: sum(
            (_missed(split[head], answers.labels[..., head]) for head in heads),
            torch.zeros_like(outputs.failure),
        )
        for part, heads in PARTS.items()
    }
    found["text"] = (
        found["text"]
        + _missed(outputs.span_first, answers.span[..., 0])
        + _missed(outputs.span_last, answers.span[..., 1])
    )
    found["pointer"] = _pointer_nats(outputs, answers)
    return found


class Loss(NamedTuple):
    """A weighted sum, and what to divide it by: other processes may have parts of both."""

    summed: Tensor
    weight: Tensor


def total_loss(
    parts: Mapping[str, Tensor], failure: Tensor, answers: Answers, members: Tensor
) -> Loss:
    """Return what training brings down.

    Args:
        parts: nats of each part, (B, T, M).
        failure: (B, T, M) logits that a step cannot succeed.
        answers: what was done.
        members: (B, M) weights of the windows for each set of heads.
    """
    weight = answers.weight[..., None] * members[:, None]  # (B, T, M)
    each = torch.zeros_like(failure)
    for part, missed in parts.items():
        share = _TIME_SHARE if part == "time" else 1.0
        each = each + missed * (share / log(_SCALES[part]))
    wanted = answers.failure[..., None].expand_as(failure)
    failed = functional.binary_cross_entropy_with_logits(failure, wanted, reduction="none")
    each = each + _FAILURE_SHARE * failed
    return Loss((each * weight).sum(), weight.sum())


def bits(parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return bits of each part, (B, T), under the mean of the sets' probabilities."""
    return {
        part: -(torch.logsumexp(-missed, dim=-1) - log(missed.shape[-1])) / log(2)
        for part, missed in parts.items()
    }


def _missed(logits: Tensor, label: Tensor) -> Tensor:
    """Return the cross-entropy (B, T, M) of logits (B, T, M, C) for labels (B, T)."""
    if not logits.shape[-1]:
        return logits.new_zeros(logits.shape[:-1])
    said = logits.float().log_softmax(-1)
    wanted = label.clamp(min=0)[..., None, None].expand(*logits.shape[:-1], 1)
    return torch.where((label == ABSENT)[..., None], 0.0, -said.gather(-1, wanted)[..., 0])


def _pointer_nats(outputs: Outputs, answers: Answers) -> Tensor:
    said = outputs.pointer.float().log_softmax(-1)  # (B, T, M, 2, candidates)
    right = answers.pointer[:, :, None]
    asked = right.any(-1)
    # whatever is right is right: the sum of the probabilities of all of them
    missed = -torch.logsumexp(said.masked_fill(~right, -1e4), dim=-1)
    missed = torch.where(asked, missed, 0.0).sum(-1)
    count = outputs.fine.shape[2]
    if not count:
        return missed
    place = answers.fine.clamp(min=0)[..., None].expand(*answers.fine.shape, FINE * FINE)
    fine = outputs.fine.float().gather(2, place).log_softmax(-1)
    at = -fine.gather(-1, answers.fine_label[..., None])[..., 0]
    at = torch.where(answers.fine == ABSENT, 0.0, at).sum(-1)
    return missed + at[..., None]
