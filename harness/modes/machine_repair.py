"""How many agents one person can keep going, by queueing theory: machines that one man repairs.

N machines break down at exponential times and wait for one repairman. An agent that asks is a
machine that broke down; what it does by itself is its neglect time, what the person does is the
interaction time.
Source: Takács, Introduction to the Theory of Queues, 1962, ch. 5, for any distribution of the
repair; with an exponential one it is the M/M/1//N queue.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb, exp, expm1, inf, log, log1p

LogOdds = Callable[[float], float]
"""Of a rate s: log(1/B(s) - 1), with the Laplace transform B of the interaction time."""


def constant_interaction(interaction_s: float) -> LogOdds:
    """Return the transform of an interaction that always takes the same time: B(s) = exp(-s·IT)."""

    def log_odds(rate: float) -> float:
        exponent = rate * interaction_s
        # exp(x) - 1, which for large x is exp(x)
        return log(expm1(exponent)) if exponent < 30 else exponent + log1p(-exp(-exponent))

    return log_odds


def exponential_interaction(interaction_s: float) -> LogOdds:
    """Return the transform of an exponential interaction: B(s) = 1/(1 + s·IT)."""
    return lambda rate: log(rate * interaction_s)


def working_agents(
    n_agents: int, neglect_s: float, interaction_s: float, transform: Callable[[float], LogOdds]
) -> float:
    """Return how many agents work at any moment, on average, where they neither wait nor are held.

    The person is idle with probability 1/(1 + N·r·Σ_{n<N} C(N-1, n)·Π_{i≤n} (1/B(i/NT) - 1)), where
    r = IT/NT; what flows through their hands is what breaks down, so that the number of working
    agents is NT/IT times the share of time in which they are busy. It grows with N towards NT/IT
    and reaches it where waits begin to grow without bound.

    Args:
        n_agents: N.
        neglect_s: NT, the mean of the exponential time for which an agent works by itself.
        interaction_s: IT, the mean time that the person needs for one agent.
        transform: of the interaction time, such as `constant_interaction`.

    >>> round(working_agents(1, 60, 15, exponential_interaction), 6)  # NT/(NT + IT)
    0.8
    >>> round(working_agents(100, 60, 15, constant_interaction), 6)  # NT/IT
    4.0
    """
    log_odds = transform(interaction_s)
    log_terms, log_product = [0.0], 0.0
    for n in range(1, n_agents):
        log_product += log_odds(n / neglect_s)
        log_terms.append(log(comb(n_agents - 1, n)) + log_product)
    largest = max(log_terms)
    log_sum = largest + log(sum(exp(term - largest) for term in log_terms))
    log_busy_odds = log(n_agents * interaction_s / neglect_s) + log_sum
    idle = 1 / (1 + exp(log_busy_odds)) if log_busy_odds < 700 else 0.0
    return neglect_s / interaction_s * (1 - idle)


def saturation(neglect_s: float, interaction_s: float) -> float:
    """Return the number of agents from which the person has more than they can do, NT/IT + 1.

    There N·IT/(NT + IT) = 1: were there no waiting, the person would be busy all the time.

    >>> saturation(60, 15)
    5.0
    """
    return neglect_s / interaction_s + 1 if interaction_s else inf
