// The stage: shows one task page after another, each in a fresh frame with a clock of its own.
//
// A frame that is written into loads from memory what a navigation would ask the network for, and
// is as clean as one: new globals, new document. It is larger than what is shown of it, because
// MiniWoB++ pages put a score beside the task and would be scrolled to it.
const stage = (() => {
  const LONG_MS = 1e9;
  const STYLE = `
    *, *::before, *::after {
      transition: none !important; animation: none !important; caret-color: transparent !important;
      scroll-behavior: auto !important;
    }
    #sync-task-cover, #reward-display, #click-canvas { display: none !important; }`;
  const texts = new Map();
  let frame = null;
  let view = null;
  let clock = null;
  let listing = null;
  let task = null; // the task's own; a frame that went elsewhere has another

  const fetched = async (path) => {
    if (!texts.has(path)) {
      const answer = await fetch(path);
      if (!answer.ok) throw new Error(`no page ${path}`);
      texts.set(path, await answer.text());
    }
    return texts.get(path);
  };

  // before any seed is set, chance is fixed too
  const fixChance = (math) => {
    let state = 1;
    math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  };

  // The time that a person lives in, for pages that are recorded.
  const realClock = () => {
    const start = performance.now();
    return {
      runFor: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      now: () => Math.round(performance.now() - start),
    };
  };

  const written = (html, live) => {
    frame?.remove();
    frame = document.createElement("iframe");
    document.body.append(frame);
    view = frame.contentWindow;
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
    task = frame.contentDocument;
    task.open();
    fixChance(view.Math);
    clock = live ? realClock() : makeClock(view, EPOCH_MS);
    task.write(html.replace(/<head>/i, `<head><style>${STYLE}</style>`));
    task.close();
    return loaded;
  };

  const ready = async () => {
    for (let waited = 0; view.WOB_TASK_READY === false && waited < 10000; waited += 10) {
      await clock.runFor(10);
      await painted();
    }
    await pictures();
  };

  // Loads the images that style sheets name before anything is shown in them; kept, so that they stay
  // in memory for the frames to come.
  const kept = new Map();
  const preload = async (sheets) => {
    const rules = [...sheets].flatMap((sheet) => [...sheet.cssRules].map((rule) => [sheet, rule]));
    for (const [sheet, rule] of rules) {
      for (const [, url] of rule.cssText.matchAll(/url\("([^"]+)"\)/g)) {
        const address = new URL(url, sheet.href ?? location.href).href;
        if (!kept.has(address)) kept.set(address, Object.assign(new Image(), { src: address }));
      }
    }
    await Promise.all([...kept.values()].map((image) => image.decode().catch(() => null)));
  };

  const painted = () => new Promise(requestAnimationFrame);
  const pictures = () =>
    Promise.all([...view.document.images].map((image) => image.decode().catch(() => null)));

  const goal = () => view.core.getUtterance();

  const isThere = () => frame.contentDocument === task && task.defaultView !== null;

  const status = () => {
    if (!isThere()) return { over: true, reward: 0, reason: "left the page", now: clock.now() };
    return {
      over: view.WOB_DONE_GLOBAL === true,
      reward: Number(view.WOB_RAW_REWARD_GLOBAL),
      reason: String(view.WOB_REWARD_REASON ?? ""),
      now: clock.now(),
    };
  };

  // Opens a page and begins its episode; returns its goal and status.
  const open = async (path, seed, { live = false } = {}) => {
    await written(await fetched(path), live);
    await preload(task.styleSheets);
    listing = view.eval(LISTING);
    view.core.EPISODE_MAX_TIME = LONG_MS; // how long an episode may last is for the harness to say
    view.Math.seedrandom(seed);
    view.core.startEpisodeReal();
    view.focus();
    await ready();
    return { goal: goal(), ...status() };
  };

  // Lets time pass and whatever was set going come to rest; returns the status.
  const settle = async (ms) => {
    await painted();
    await clock.runFor(ms);
    if (isThere()) await pictures();
    return status();
  };

  const elements = () => (isThere() ? listing() : []);

  // Runs a function of an expert in the page; experts look behind the screen, policies never do.
  const read = (text, values) => view.eval(`(${text})`)(...values);

  return { open, settle, elements, read };
})();
