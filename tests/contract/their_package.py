"""Presses the button that the goal names, and asks where there is none."""

from collections.abc import Sequence

from recorder.schema import AgentContext, Ask, Click, Decision, Observation


class PressesWhatIsNamed:
    """A policy: whatever has this one method."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        return [self.choose(context.observation) for context in batch]

    def choose(self, seen: Observation) -> Decision:
        for element in seen.elements:
            if element.role == "button" and f'"{element.name or element.text}"' in seen.goal:
                x, y, width, height = element.box
                middle = Click(x=x + width // 2, y=y + height // 2)
                return Decision(middle, p_accept=0.95, novelty=1.0)
        return Decision(Ask(question="Which one?"), p_accept=0.0, novelty=1.0)
