"""The worst mistakes, drawn on the frames on which they were made."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from policy.evaluate.records import EpisodeRecord, Mistake

_SHOWN_PX = 300
_RING_PX = 7
_MOST_OF_A_SHIFT = 3


def worst_mistakes(records: Sequence[EpisodeRecord], most: int = 12) -> list[EpisodeRecord]:
    """Return the episodes whose first wrong action was done with the most confidence.

    At most two are of one task and three of one shift, so that one weakness does not hide others.
    """
    ranked = sorted(
        (each for each in records if each.mistakes), key=lambda each: -each.mistakes[0].p_accept
    )
    kept: list[EpisodeRecord] = []
    for each in ranked:
        alike = sum(other.trial.task == each.trial.task for other in kept)
        shifted = sum(other.trial.shift is each.trial.shift for other in kept)
        if alike < 2 and shifted < _MOST_OF_A_SHIFT:
            kept.append(each)
    return kept[:most]


def card(record: EpisodeRecord) -> str:
    """Return the HTML of one mistake."""
    mistake = record.mistakes[0]
    trial = record.trial
    shift = f" · {trial.shift.value}" if trial.shift != "none" else ""
    reason = record.steps[mistake.step].reason
    flag = f"asked: {reason}" if reason else "did not ask"
    return f"""<figure class="card">
{picture(mistake)}
<figcaption><b>{escape(trial.task.removeprefix("miniwob-"))}</b>{escape(shift)}
<span class="faint">seed {trial.seed}, step {mistake.step}</span>
<p class="goal">{escape(mistake.goal)}</p>
<p><i class="dot did"></i>{escape(_plain(mistake.chosen))}<br>
<i class="dot right"></i>{escape(_plain(mistake.expert))}</p>
<p class="faint">p(accept) {mistake.p_accept:.3f} · {escape(flag)}</p></figcaption></figure>"""


def picture(mistake: Mistake) -> str:
    """Return the frame as SVG: where the pointer might go, where it went, where it should have."""
    with Image.open(io.BytesIO(base64.b64decode(mistake.png))) as frame:
        width, height = frame.size
    parts = [
        f'<image href="data:image/png;base64,{mistake.png}" width="{width}" height="{height}"/>'
    ]
    if mistake.heat:
        heat = _heat_png(np.array(mistake.heat))
        parts.append(
            f'<image href="data:image/png;base64,{heat}" width="{width}" height="{height}" '
            'preserveAspectRatio="none"/>'
        )
    for kind, place in (("right", mistake.expert_at), ("did", mistake.chosen_at)):
        if place:
            x, y = place
            parts.append(f'<circle class="{kind}" cx="{x}" cy="{y}" r="{_RING_PX}"/>')
    shown = f'width="{_SHOWN_PX * width // max(width, height)}"'
    return f'<svg viewBox="0 0 {width} {height}" {shown}>{"".join(parts)}</svg>'


def _heat_png(heat: NDArray[np.float64]) -> str:
    """Return a heat map, (h, w), as an orange image that is clear where nothing is."""
    strength = np.sqrt(heat / max(float(heat.max()), 1e-9))  # a root, so that the small shows too
    pixels = np.zeros((*heat.shape, 4), np.uint8)
    pixels[..., :3] = (217, 119, 43)
    pixels[..., 3] = np.round(190 * strength)
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, "PNG")
    return base64.b64encode(body.getvalue()).decode()


def _plain(action: str) -> str:
    return action.replace(", button='left', count=1, modifiers=()", "").replace(
        ", modifiers=()", ""
    )
