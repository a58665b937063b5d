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
  // What is typed into a page must not become its code: some show it as markup. Those with jscolor
  // show nothing that is typed, and it makes functions of text.
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const policy = (html) => `<meta http-equiv="Content-Security-Policy" content="
    script-src 'nonce-${nonce}' ${html.includes("jscolor") ? "'unsafe-eval'" : ""};
    script-src-attr 'none'; object-src 'none'">`;
  const texts = new Map();
  let frame = null;
  let view = null;
  let clock = null;
  let listing = null;
  let faults = null;
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

  // They would wait for somebody outside the page.
  const noDialogs = { alert() {}, print() {}, confirm: () => false, prompt: () => null };

  // The time that a person lives in, for pages that are recorded.
  const realClock = () => {
    const start = performance.now();
    return {
      runFor: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      due: () => null,
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
    Object.assign(view, noDialogs);
    task.write(
      html
        .replace(/<script/gi, `<script nonce="${nonce}"`)
        .replace(/<head>/i, `<head>${policy(html)}<style>${STYLE}</style>`),
    );
    task.close();
    keepClipboard();
    if (!live) steadyDrags(view);
    return loaded;
  };

  // A browser has one clipboard for all of its pages; here each task keeps its own.
  const keepClipboard = () => {
    let held = "";
    const instead = (type, does) =>
      task.addEventListener(type, (event) => {
        event.preventDefault();
        does();
      }, true);
    const copy = () => {
      held = String(task.getSelection()) || held;
    };
    instead("copy", copy);
    instead("cut", () => {
      copy();
      task.execCommand("delete");
    });
    instead("paste", () => task.execCommand("insertText", false, held));
  };

  // Returns the value of an expression in the task's own world.
  const evaluated = (expression) => {
    const script = task.createElement("script");
    script.nonce = nonce;
    script.textContent = `try { frameElement.found = { value: (${expression}) }; }
      catch (error) { frameElement.found = { error }; }`;
    task.head.append(script);
    script.remove();
    const { value, error } = frame.found ?? { error: new SyntaxError(expression.slice(0, 80)) };
    delete frame.found;
    if (error) throw error;
    return value;
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
  const searched = new Set();
  const preload = async (path, sheets) => {
    const fresh = [...sheets].filter((sheet) => !searched.has(sheet.href ?? path));
    for (const sheet of fresh) {
      searched.add(sheet.href ?? path);
      const text = [...sheet.cssRules].map((rule) => rule.cssText).join();
      for (const [, url] of text.matchAll(/url\("([^"]+)"\)/g)) {
        const address = new URL(url, sheet.href ?? location.href).href;
        if (!kept.has(address)) kept.set(address, Object.assign(new Image(), { src: address }));
      }
    }
    if (!fresh.length) return;
    await Promise.all([...kept.values()].map((image) => image.decode().catch(() => null)));
  };

  const painted = () => new Promise(requestAnimationFrame);
  const pictures = () =>
    Promise.all([...view.document.images].map((image) => image.decode().catch(() => null)));

  const goal = () => {
    const said = view.core.getUtterance();
    return said.utterance ?? said; // some pages name the parts of the goal as well
  };

  const isThere = () => frame.contentDocument === task && task.defaultView !== null;

  const status = () => {
    const found = { now: clock.now(), faults: faults.inForce, harm: faults.harm() !== "" };
    if (found.harm) return { ...found, over: true, reward: 0, reason: faults.harm() };
    if (!isThere()) return { ...found, over: true, reward: 0, reason: "left the page" };
    return {
      ...found,
      over: view.WOB_DONE_GLOBAL === true,
      reward: Number(view.WOB_RAW_REWARD_GLOBAL),
      reason: String(view.WOB_REWARD_REASON ?? ""),
    };
  };

  // Opens a page and begins its episode; returns its goal and status.
  const open = async (path, seed, { live = false, faults: asked = [] } = {}) => {
    await written(await fetched(path), live);
    await preload(path, task.styleSheets);
    listing = null;
    view.core.EPISODE_MAX_TIME = LONG_MS; // how long an episode may last is for the harness to say
    view.Math.seedrandom(seed);
    view.core.startEpisodeReal();
    view.focus();
    await ready();
    faults = makeFaults(view, path, seed, asked);
    return { goal: goal(), ...status() };
  };

  // Lets time pass and whatever was set going come to rest; returns the status.
  const settle = async (ms) => {
    await painted();
    await clock.runFor(ms);
    if (isThere()) await pictures();
    return status();
  };

  const elements = () => {
    if (!isThere()) return [];
    listing ??= evaluated(LISTING);
    return listing();
  };

  // Lets just as much time pass as what was set going takes; returns the status, and the elements
  // unless the page is over. It waits for no picture.
  const rest = async () => {
    const [SOON_MS, MOST_MS] = [300, 5000];
    const until = clock.now() + MOST_MS;
    for (let due; clock.now() < until && (due = clock.due(SOON_MS)) !== null; ) {
      await clock.runFor(due);
    }
    const found = status();
    return found.over ? found : { ...found, elements: elements() };
  };

  // The same, but only if a plan is done; null where it is not, or where that cannot be told.
  const restAfter = (plan) => (document.documentElement.dataset.done === plan ? rest() : null);

  // Runs a function of an expert in the page; experts look behind the screen, policies never do.
  const read = (text, values) => faults.unmasked(() => evaluated(text)(...values));

  return { open, settle, rest, restAfter, elements, read };
})();
