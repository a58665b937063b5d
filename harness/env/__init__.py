"""Where work happens: web pages and desktops as Gymnasium environments.

Importing it registers every task, as Gymnasium expects of a package of environments:
`gymnasium.make("harness.env:understudy/miniwob-click-test-v0")`.
"""

import gymnasium

from harness.tasks.registry import all_tasks
from harness.tasks.task import NAMESPACE, WebTask, env_id

MODES = {
    "FastForward-v0": "harness.modes.fast_forward.forward_env:FastForwardEnv",
    "Foreman-v0": "harness.modes.foreman_env:ForemanEnv",
}
"""Environments in which it is decided who acts, by name; they stand on those of the tasks."""


def register_envs() -> None:
    """Register every task and mode with Gymnasium, once."""
    for name, entry_point in MODES.items():
        if f"{NAMESPACE}/{name}" not in gymnasium.registry:
            gymnasium.register(
                id=f"{NAMESPACE}/{name}",
                entry_point=entry_point,
                # the shift or the task has an end of its own
                max_episode_steps=None,
                disable_env_checker=True,
            )
    for task in all_tasks().values():
        name = env_id(task)
        if name in gymnasium.registry:
            continue
        is_web = isinstance(task, WebTask)
        gymnasium.register(
            id=name,
            entry_point=f"harness.env.{'browser:WebTaskEnv' if is_web else 'desktop:DesktopEnv'}",
            kwargs={"task": task.name},
            # each has limits of its own, in actions and in virtual time
            max_episode_steps=None,
            disable_env_checker=True,
            nondeterministic=not is_web,  # real apps run in real time
        )


register_envs()
