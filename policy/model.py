"""The understudy: a transformer over the goal, the elements and the picture of each step.

Each step is a block of tokens, [goal words | elements | cells | fovea | act]; tokens see all of
their own step and of those before it. From the act token, heads say in parallel what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedModel

from policy.actions import SIZES, Head
from policy.config import UnderstudyConfig
from policy.encoders import CELL_PX, screen_encoder
from policy.features import FIELDS, FINE, NUMBERS, ROLE_GRAMS, TEXT_GRAMS, VALUE_GRAMS, WORD_FLAGS
from policy.layers import Block, Draws, RootNorm, biases, turns
from policy.observe import scaled
from policy.text import TABLE, WORD_GRAMS, Match

LABELS = tuple(SIZES[head] for head in Head)
_AROUND = (0, -1, -2, -3, 1)
"""Words that each word of the goal is seen with, as offsets."""
_NEXT_TO = (-1, 1)
"""Elements whose text each element is seen with: either may be its label."""
_GRAMS = TEXT_GRAMS + ROLE_GRAMS + VALUE_GRAMS
# how grams are put together: not scaled by frequency, the mean, dense, unweighted; row 0 is nothing
_MEAN = (False, 1, False, None, False, 0)
_PART = 1 << 16  # more tokens than a part of a step has
_NOWHERE = -1e4  # finite, so that a row with nothing to choose from is no nan, in bf16 too


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Windows side by side: B windows of T steps, with G words and E elements at most."""

    words: Tensor  # (B, T, G, WORD_GRAMS) int64
    word_flags: Tensor  # (B, T, G, WORD_FLAGS)
    word_mask: Tensor  # (B, T, G) bool
    elements: Tensor  # (B, T, E, grams) int64
    numbers: Tensor  # (B, T, E, NUMBERS)
    element_mask: Tensor  # (B, T, E) bool
    matches: Tensor  # (B, T, E, G, Match)
    unseen: Tensor  # (B, T, WORD_GRAMS) int64
    step_mask: Tensor  # (B, T) bool
    fovea_mask: Tensor  # (B, T) bool: which have a fovea
    frames: Tensor | None = None  # (B, T, 3, H, W) uint8
    foveas: Tensor | None = None  # (B, T, 3, F, F) uint8; None when no step has one
    draws: Tensor | None = None  # (B,) int32: what dropout draws from; None to drop nothing

    @property
    def is_alone(self) -> bool:
        """Whether this is one step alone, which nothing was filled up for."""
        return self.step_mask.shape == (1, 1)

    def to(self, device: torch.device) -> Inputs:
        """Return the same on a device."""
        moved = {
            name: None if value is None else value.to(device, non_blocking=True)
            for name in Inputs.__slots__
            if isinstance(value := getattr(self, name), Tensor | None)
        }
        return Inputs(**cast(dict[str, Any], moved))


class Outputs(NamedTuple):
    """What each of M sets of heads says; candidates are E elements, K cells and NONE."""

    labels: Tensor  # (B, T, M, sum of LABELS) logits
    pointer: Tensor  # (B, T, M, 2, E + K + 1) logits of the press and of the release
    fine: Tensor  # (B, T, E + K, FINE * FINE) logits of the place within a candidate
    span_first: Tensor  # (B, T, M, G + FIELDS * E) logits
    span_last: Tensor  # (B, T, M, G) logits
    failure: Tensor  # (B, T, M) logit that this cannot succeed
    embedding: Tensor  # (B, T, C), before the heads


class _Seen(NamedTuple):
    """Tokens of the parts of each step, (B T, n, C), and what the pointer needs of the picture."""

    words: Tensor
    elements: Tensor
    cells: Tensor  # one for each four cells
    foveas: Tensor
    cell_map: Tensor  # (B T, K, C)


class UnderstudyModel(PreTrainedModel):
    """Embeds what is seen, runs the trunk, and reads the heads."""

    config_class = UnderstudyConfig
    base_model_prefix = "understudy"
    _no_split_modules = ["Block"]

    def __init__(self, config: UnderstudyConfig) -> None:
        super().__init__(config)
        width, members = config.width, config.members
        self.rows = config.frame_height_px // CELL_PX
        self.columns = config.frame_width_px // CELL_PX
        self.table = nn.Embedding(TABLE, width, padding_idx=0)
        # beside what it is itself, a word is what is said around it, an element what it is next to
        self.word_in = nn.Linear(len(_AROUND) * width + WORD_FLAGS, width)
        self.element_in = nn.Linear((3 + len(_NEXT_TO)) * width + NUMBERS, width)
        self.unseen_in = nn.Linear(width, width, bias=False)
        self.part = nn.Embedding(5, width)
        if config.sees_pixels:
            self.encoder = screen_encoder(config)
            self.cell_place = nn.Embedding(self.rows * self.columns, width)
            self.fovea_place = nn.Embedding((config.fovea_px // (2 * CELL_PX)) ** 2, width)
        self.blocks = nn.ModuleList(
            Block(config, len(Match), number) for number in range(config.layers)
        )
        self.norm = RootNorm(width)
        self.label_head = nn.Linear(width, members * sum(LABELS))
        self.pointer_query = nn.Linear(width, members * 2 * width)
        self.pointer_key = nn.Linear(width, width)
        self.none_key = nn.Parameter(torch.zeros(width))
        self.fine_head = nn.Linear(2 * width, FINE * FINE)
        self.span_query = nn.Linear(width, members * 2 * width)
        self.word_key = nn.Linear(width, 2 * width)
        self.field_key = nn.Linear(width, len(FIELDS) * width)
        self.failure_head = nn.Linear(width, members)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
            for bias in (each for name, each in module.named_parameters() if name == "bias"):
                nn.init.zeros_(bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.1)
            if module.padding_idx is not None:
                nn.init.zeros_(module.weight[module.padding_idx])

    def forward(self, inputs: Inputs) -> Outputs:
        """Return what the heads say of every step."""
        batch, steps = inputs.step_mask.shape
        seen = self._see(inputs)
        act = self.part.weight[4] + self._unseen(inputs)
        tokens = torch.cat([seen.words, seen.elements, seen.cells, seen.foveas, act], dim=1)
        each = tokens.shape[1]
        x = tokens.reshape(batch, steps * each, -1)
        mask = self._mask(inputs, seen)
        turned = None
        if steps > 1:
            index = torch.arange(steps, device=x.device).repeat_interleave(each)
            turned = turns(index, self.config.width // self.config.attention_heads)
        blocks = [cast(Block, block) for block in self.blocks]
        weights = torch.stack([block.attention.match_bias.weight for block in blocks])
        weights = weights.unflatten(1, (2, self.config.attention_heads))
        draws = self._draws(inputs, seen)
        for block, bias in zip(blocks, biases(mask, inputs.matches, weights, each), strict=True):
            x = block(x, turned, bias, draws)
        hidden = self.norm(x).reshape(batch * steps, each, -1)
        return self._say(inputs, seen, hidden)

    def _see(self, inputs: Inputs) -> _Seen:
        flags, numbers = inputs.word_flags.flatten(0, 1), inputs.numbers.flatten(0, 1)
        said, fields = self._bags(inputs.words.flatten(0, 1), inputs.elements.flatten(0, 1))
        around = _beside(said, _AROUND)
        beside = _beside(fields[..., : self.config.width], _NEXT_TO)
        word_tokens = self.word_in(torch.cat([*around, flags], -1))
        element_tokens = self.element_in(torch.cat([fields, *beside, numbers], -1))
        empty = word_tokens[:, :0]
        cells = foveas = cell_map = empty
        if inputs.frames is not None:
            cell_map, cells = self._look(inputs.frames)
            foveas = self._glimpse(inputs.foveas, len(said))
        return _Seen(
            word_tokens + self.part.weight[0],
            element_tokens + self.part.weight[1],
            cells,
            foveas,
            cell_map,
        )

    def _bags(self, words: Tensor, elements: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N, G, C) of words, and (N, E, 3 * C) of text, role and value of elements.

        Each is the sum of its n-grams' vectors over the root of their number.
        """
        flat = torch.cat([words.flatten(), elements.flatten()])
        first = torch.arange(words.numel(), flat.numel(), _GRAMS, device=flat.device)
        first = torch.stack([first, first + TEXT_GRAMS, first + TEXT_GRAMS + ROLE_GRAMS], 1)
        starts = torch.arange(0, words.numel(), WORD_GRAMS, device=flat.device)
        starts = torch.cat([starts, first.flatten()])
        # with the mean comes the number, which need not be counted again
        means, _, count, _ = torch.embedding_bag(self.table.weight, flat, starts, *_MEAN)
        bags = means * count.sqrt()[:, None]
        said, fields = bags.split([words.shape[0] * words.shape[1], first.shape[0] * 3])
        width = self.config.width
        return said.view(*words.shape[:2], width), fields.view(*elements.shape[:2], 3 * width)

    def _unseen(self, inputs: Inputs) -> Tensor:
        """Return what was done last where nothing shows it, (B T, 1, C); zeros elsewhere."""
        rows = inputs.unseen.flatten(0, 1)
        said = functional.embedding_bag(rows, self.table.weight, mode="sum", padding_idx=0)
        return self.unseen_in(said)[:, None]

    def _encode(self, pictures: Tensor) -> Tensor:
        """Return (B T, C, H / 16, W / 16) of pictures (B, T, 3, H, W)."""
        # turned while they are bytes, which are a quarter of what they become
        turned = pictures.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        return self.encoder(scaled(turned).to(self.table.weight.dtype))

    def _look(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return the map of cells (B T, K, C), and tokens for each two by two of them."""
        grid = self._encode(frames)
        place = self.cell_place.weight.view(self.rows, self.columns, -1).permute(2, 0, 1)
        grid = grid + place
        tokens = functional.avg_pool2d(grid, 2).flatten(2).transpose(1, 2) + self.part.weight[2]
        return grid.flatten(2).transpose(1, 2), tokens

    def _glimpse(self, foveas: Tensor | None, count: int) -> Tensor:
        """Return tokens of what is around the cursor, (B T, n, C); n is 0 without foveas."""
        place = self.fovea_place.weight + self.part.weight[3]
        if foveas is None:
            # not made from nothing: every weight has a gradient, as several processes expect
            return place[:0].expand(count, -1, -1)
        grid = self._encode(foveas)
        return functional.avg_pool2d(grid, 2).flatten(2).transpose(1, 2) + place

    def _mask(self, inputs: Inputs, seen: _Seen) -> Tensor | None:
        """Return (B, 1, L, L): each sees what is there, of its own step and of those before.

        None when each sees all.
        """
        batch, steps = inputs.step_mask.shape
        if inputs.is_alone:
            return None
        always = inputs.word_mask.new_ones(batch, steps, seen.cells.shape[1])
        act = always.new_ones(batch, steps, 1)
        glimpsed = inputs.fovea_mask[..., None].expand(-1, -1, seen.foveas.shape[1])
        there = [inputs.word_mask, inputs.element_mask, always, glimpsed, act]
        mask = torch.cat(there, dim=2)
        each = mask.shape[2]
        may = (mask & inputs.step_mask[..., None]).reshape(batch, 1, steps * each)
        if steps == 1:
            may = may.expand(-1, each, -1)
        else:
            index = torch.arange(steps, device=may.device).repeat_interleave(each)
            may = may & (index[:, None] >= index)  # (B, L, L)
            # a step that is filled up sees itself, so that there is something to see
            may = may | torch.eye(steps * each, dtype=torch.bool, device=may.device)
        return torch.where(may, 0.0, _NOWHERE)[:, None]

    def _draws(self, inputs: Inputs, seen: _Seen) -> Draws | None:
        """Return what dropout draws from: tokens are named by what they are, not where they are."""
        if inputs.draws is None or not self.training:
            return None
        counts = [part.shape[1] for part in (seen.words, seen.elements, seen.cells, seen.foveas)]
        own = [
            torch.arange(count, device=inputs.draws.device, dtype=torch.int32) + part * _PART
            for part, count in enumerate([*counts, 1])
        ]
        steps = torch.arange(inputs.step_mask.shape[1], device=own[0].device, dtype=torch.int32)
        tokens = steps[:, None] * (len(own) * _PART) + torch.cat(own)
        return Draws(inputs.draws, tokens.flatten())

    def _say(self, inputs: Inputs, seen: _Seen, hidden: Tensor) -> Outputs:
        batch, steps = inputs.step_mask.shape
        members = self.config.members
        goal, listed = seen.words.shape[1], seen.elements.shape[1]
        words, elements, cells, _, act = hidden.split(
            [goal, listed, seen.cells.shape[1], seen.foveas.shape[1], 1], dim=1
        )
        act = act[:, 0]
        candidates = elements.contiguous()
        if cells.shape[1]:
            candidates = torch.cat([elements, seen.cell_map + self._to_cells(cells)], dim=1)
        none_key = self.none_key.expand(len(act), 1, -1)
        keys = torch.cat([self.pointer_key(candidates), none_key], dim=1)
        pointer = self._ask(self.pointer_query(act), keys)
        first, last = self._spans(act, words, elements)
        if not inputs.is_alone:
            there = inputs.element_mask.flatten(0, 1)
            fields = there.repeat_interleave(len(FIELDS), dim=1)
            always = there.new_ones(len(act), keys.shape[1] - listed)
            own = inputs.word_mask.flatten(0, 1)
            pointer = _where(torch.cat([there, always], 1), pointer)
            first, last = _where(torch.cat([own, fields], 1), first), _where(own, last)
        # the same as of [candidate, act] side by side, but the half of act is made only once
        of_candidate, of_act = self.fine_head.weight.chunk(2, dim=1)
        fine = functional.linear(act, of_act, self.fine_head.bias)[:, None]
        fine = fine + functional.linear(candidates, of_candidate)
        return Outputs(
            self.label_head(act).view(batch, steps, members, -1),
            pointer.view(batch, steps, members, 2, -1),
            fine.view(batch, steps, *fine.shape[1:]),
            first.view(batch, steps, *first.shape[1:]),
            last.view(batch, steps, *last.shape[1:]),
            self.failure_head(act).view(batch, steps, -1),
            act.view(batch, steps, -1),
        )

    def _to_cells(self, tokens: Tensor) -> Tensor:
        """Return (B T, K, C): each cell gets what the trunk made of the four around it."""
        grid = tokens.transpose(1, 2).unflatten(2, (self.rows // 2, self.columns // 2))
        return functional.interpolate(grid, scale_factor=2).flatten(2).transpose(1, 2)

    def _spans(self, act: Tensor, words: Tensor, elements: Tensor) -> tuple[Tensor, Tensor]:
        width = self.config.width
        word_first, word_last = self.word_key(words).chunk(2, dim=-1)
        fields = self.field_key(elements).view(len(act), elements.shape[1] * len(FIELDS), width)
        query = self.span_query(act).view(len(act), self.config.members, 2, width)
        first = self._ask(query[:, :, 0], torch.cat([word_first, fields], 1))
        return first, self._ask(query[:, :, 1], word_last)

    def _ask(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return (N, queries, keys): scaled products of (N, queries * C) and (N, keys, C)."""
        width = keys.shape[-1]
        scaled_queries = queries.reshape(len(keys), -1, width) * width**-0.5
        return torch.bmm(scaled_queries, keys.transpose(1, 2))


def _where(there: Tensor, logits: Tensor) -> Tensor:
    """Return logits, (N, queries, n), of what is there, (N, n)."""
    return logits.masked_fill(~there[:, None], _NOWHERE)


def _beside(tokens: Tensor, offsets: Sequence[int]) -> list[Tensor]:
    """Return for each token, (N, n, C), those that stand so far behind it, else zeros."""
    before, after = max(0, -min(offsets)), max(0, *offsets)
    padded = functional.pad(tokens, (0, 0, before, after))
    count = tokens.shape[1]
    return [padded.narrow(1, before + offset, count) for offset in offsets]


def register() -> None:
    """Make `AutoConfig` and `AutoModel` know the understudy; may be called again."""
    AutoConfig.register(UnderstudyConfig.model_type, UnderstudyConfig, exist_ok=True)
    AutoModel.register(UnderstudyConfig, UnderstudyModel, exist_ok=True)
