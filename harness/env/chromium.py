"""A headless Chromium for task pages, and the tabs in it: as little of a browser as will do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

from harness.env.devtools import Devtools, Handler
from harness.env.hands import Keyboard, Mouse
from harness.env.stage import AREA
from recorder.browser.chromium import find_chromium, launch_arguments, launch_environment

# what a page shows must not depend on who drives the browser: recorded pages have these as well
FLAGS = (
    # else what a page redraws under the pointer, as pie menus do, cannot be clicked
    "--disable-blink-features=BoundaryEventDispatchTracksNodeRemoval",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-partial-raster",  # else edges differ by one level with what was drawn before
    "--disable-smooth-scrolling",
    "--force-color-profile=srgb",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--hide-scrollbars",
    # garbage and code on the page's own thread: others would only fight for the same cores
    "--js-flags=--single-threaded",
)
_ISOLATION = "IsolateSandboxedIframes"
WITHOUT = (_ISOLATION,)
"""Features of Chromium that pages do without: what is in a frame of another process is not seen."""
# what Playwright adds for pages that are recorded
_PLAYWRIGHTS = (
    "--allow-pre-commit-input",
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-popup-blocking",
    "--enable-unsafe-swiftshader",
    "--mute-audio",
    "--no-service-autorun",
    "--password-store=basic",
    "--use-mock-keychain",
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,"
    "primaryPointerType=4,availablePointerTypes=4",
)
_FONTS = {
    "standard": "Times New Roman",
    "fixed": "Monospace",
    "serif": "Times New Roman",
    "sansSerif": "Arial",
    "cursive": "Comic Sans MS",
    "fantasy": "Impact",
}
_LOADED = """new Promise((resolve) => {
  if (document.readyState === "complete") resolve();
  else addEventListener("load", () => resolve());
})"""
_MEDIA = (("prefers-color-scheme", "light"), ("prefers-reduced-motion", "reduce"))


class Chromium:
    """One headless Chromium."""

    def __init__(self, devtools: Devtools, profile: TemporaryDirectory[str]) -> None:
        self._devtools = devtools
        self._profile = profile
        devtools.on("Target.targetCreated", self._on_target)

    @classmethod
    async def start(cls, proxy: str, *, is_isolating: bool = False) -> Chromium:
        """Start a browser whose only network is a proxy.

        Args:
            proxy: its address.
            is_isolating: sandboxed frames have processes of their own.

        Raises:
            InfrastructureError: it ends at once.
            UnsupportedError: there is none to start.
        """
        profile = TemporaryDirectory(prefix="understudy-chromium-", ignore_cleanup_errors=True)
        devtools = await Devtools.start(
            [
                str(find_chromium(headless=True)),
                *launch_arguments(() if is_isolating else WITHOUT),
                *([f"--enable-features={_ISOLATION}"] if is_isolating else ()),
                *FLAGS,
                *_PLAYWRIGHTS,
                "--headless",
                "--no-startup-window",
                f"--proxy-server={proxy}",
                "--proxy-bypass-list=<-loopback>",
                f"--user-data-dir={profile.name}",
            ],
            launch_environment(),
        )
        chromium = cls(devtools, profile)
        try:
            await devtools.send("Target.setDiscoverTargets", {"discover": True})
        except BaseException:
            await chromium.close()
            raise
        return chromium

    @property
    def is_open(self) -> bool:
        """False once it ended."""
        return self._devtools.is_open

    async def open(self, url: str) -> Tab:
        """Open a page in a context of its own.

        Raises:
            InfrastructureError: the browser is gone.
        """
        send = self._devtools.send
        context = (await send("Target.createBrowserContext", {"disposeOnDetach": True}))[
            "browserContextId"
        ]
        where = {"browserContextId": context, "url": "about:blank"}
        target = (await send("Target.createTarget", where))["targetId"]
        attached = await send("Target.attachToTarget", {"targetId": target, "flatten": True})
        tab = Tab(self._devtools, context, attached["sessionId"])
        await tab.prepare(url)
        return tab

    async def close(self) -> None:
        """End it."""
        await self._devtools.close()
        await asyncio.to_thread(self._profile.cleanup)

    def _on_target(self, event: dict[str, Any]) -> None:
        target = event["targetInfo"]
        if target["type"] == "page" and target.get("openerId"):  # nobody is to see a popup
            self._devtools.post("Target.closeTarget", {"targetId": target["targetId"]})


class Tab:
    """One page in a context of its own, with a mouse and a keyboard."""

    def __init__(self, devtools: Devtools, context: str, session: str) -> None:
        self._devtools = devtools
        self._context = context
        self._session = session
        self.keyboard = Keyboard(self.send)
        self.mouse = Mouse(self.send, self.keyboard)

    async def send(self, method: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the page's answer to one command.

        Raises:
            InfrastructureError: the page is gone, or refuses.
        """
        return await self._devtools.send(method, values, session=self._session)

    async def send_all(
        self, commands: Sequence[tuple[str, dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Send some commands in one piece; return the page's answers to all of them.

        Raises:
            InfrastructureError: the page is gone, or refuses one of them.
        """
        return await self._devtools.send_all(commands, session=self._session)

    def post(self, method: str, values: dict[str, Any]) -> None:
        """Send a command whose answer nobody waits for; what is sent later comes after it."""
        self._devtools.post(method, values, session=self._session)

    def on(self, event: str, handler: Handler) -> None:
        """Have `handler` called with the parameters of each such event of the page."""
        self._devtools.on(event, handler, session=self._session)

    async def prepare(self, url: str) -> None:
        """Give the page its size, language, time zone and fonts, and show a URL in it."""
        features = [{"name": name, "value": value} for name, value in _MEDIA]
        await asyncio.gather(
            self.send("Page.setFontFamilies", {"fontFamilies": _FONTS}),
            self.scale(1),
            self.send("Emulation.setFocusEmulationEnabled", {"enabled": True}),
            self.send("Emulation.setEmulatedMedia", {"media": "", "features": features}),
            self.send("Emulation.setLocaleOverride", {"locale": "en-US"}),
            self.send("Emulation.setTimezoneOverride", {"timezoneId": "UTC"}),
            self.send(
                "Emulation.setUserAgentOverride", {"userAgent": "", "acceptLanguage": "en-US"}
            ),
            self._devtools.send(
                "Browser.setDownloadBehavior",
                {"behavior": "deny", "browserContextId": self._context},
            ),
        )
        await self.send("Page.navigate", {"url": url})
        await self.send("Runtime.evaluate", {"expression": _LOADED, "awaitPromise": True})

    async def scale(self, pixels: float) -> None:
        """Show the page with so many pixels of the screen for each of its own, across and down."""
        width, height = AREA
        size = {"width": width, "height": height, "screenWidth": width, "screenHeight": height}
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            {**size, "deviceScaleFactor": pixels, "mobile": False},
        )

    async def close(self) -> None:
        """Close the page and forget all that it kept."""
        try:
            await self._devtools.send(
                "Target.disposeBrowserContext", {"browserContextId": self._context}
            )
        finally:
            self._devtools.forget(self._session)
