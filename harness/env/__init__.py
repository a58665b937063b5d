"""Where work happens: web pages and desktops as Gymnasium environments.

Importing it registers every task, as Gymnasium expects of a package of environments:
`gymnasium.make("harness.env:understudy/miniwob-click-test-v0")`.
"""

from harness.tasks.registry import register_envs

register_envs()
