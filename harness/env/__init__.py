"""Where work happens: web pages and desktops as Gymnasium environments.

Importing it registers every task, as Gymnasium expects of a package of environments:
`gymnasium.make("harness.env:understudy/miniwob-click-test-v0")`.
"""

import gymnasium

from harness.tasks.registry import all_tasks
from harness.tasks.task import WebTask, env_id


def register_envs() -> None:
    """Register every task with Gymnasium, once."""
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
