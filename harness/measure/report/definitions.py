"""What each figure is, in a line, as the report prints it under its figures."""

from __future__ import annotations

from harness.measure.bootstrap import DRAWS
from harness.measure.intervals import FEW, NONE_SEEN
from harness.measure.interventions import APART_ACTIONS, APART_MS
from harness.measure.metrics import REPAIR_FACTOR, SILENT_WEIGHT

DEFINITIONS = (
    ("h, v, H_e", "seconds that a practised person takes for an episode; whether a checker that "
     "the agent cannot touch found its goal reached; seconds that a person was at its controls"),
    ("useful output", "U = Σ v·max(0, h - H_e), and 0 where a person took the last step"),
    ("interventions", "I = human contacts of any kind; those less than "
     f"{APART_MS / 1000:g} s and fewer than {APART_ACTIONS} actions of the agent apart are one"),
    ("silent failures", "S = claimed done, or did what cannot be undone, wrongly, and nobody had "
     "been asked before"),
    ("attention", "H = seconds that a person was on duty, busy or not; H_active = from noticing "
     "to letting go"),
    ("OPI", "U/I, useful seconds for each intervention"),
    ("OPI*", f"U/(I + m·S) with m = {SILENT_WEIGHT:g}, the headline"),
    ("leverage", "U/H; 1 is no gain"),
    ("net", f"U - H_active - Σ over silent failures of ({REPAIR_FACTOR:g}·h + damage)"),
    ("rates", "per baseline hour: 3600·I/Σh and 3600·S/Σh over all that was attempted"),
    ("intervals", "95 %, tasks as clusters: R·exp(± t·SE) with z = O/Ō - I/Ī and "
     f"SE = √(Σz²/(T(T-1))); events seen fewer than {FEW} times have an over-dispersed Gamma "
     f"interval; where none was seen, a bound that takes {NONE_SEEN:g} to have gone unseen"),
    ("pairs", "two rows on one plan: z of one less z of the other, task by task"),
    ("nAUC", "(A - A_random)/(A_oracle - A_random) of output over interventions; 0 asks at "
     f"random, 1 knows when to ask; interval by drawing tasks anew {DRAWS:,} times"),
    ("alarms", "needed where the same episode played unaided fails; missed are failures unaided "
     "of episodes without a request; lead is from the first request to the failure alone"),
    ("fan-out", "P(N) productive agents on average; FO_90 = the most agents of which each is at "
     f"least 90 % as productive as one alone; intervals by drawing tasks anew {DRAWS:,} times"),
    ("time to intervention", "Kaplan-Meier with limits of log(-log S) and Greenwood's variance "
     "summed within tasks; Aalen-Johansen for how it ends"),
    ("learning curve", "interventions per baseline hour on held-out tasks = a·(c + c0)^-b + floor "
     "after c human hours; plain where offset and floor are not told from 0; limits of b by "
     "profile likelihood, with the dispersion of tasks by checkpoints"),
    ("fast-forward", "lit, clicked, executed, verified; speed-up = human seconds left over "
     "seconds from the click to verified; saved = those left less what running and reviewing "
     "took, less the price of wrong runs, less 0.5 s for each light that was ignored"),
)  # fmt: skip
