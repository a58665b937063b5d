// Listens, and says what may be said. Runs in a world of the recorder's own, where nothing that the
// page overwrites can reach it.
((NAMES) => {
  const binding = globalThis[NAMES.binding];
  globalThis.understudy?.stop(); // a window may be kept for a second document
  if (!binding) return;

  const SETTLE_MS = 500;
  const SETTLE_AT_MOST_MS = 2000;
  const TOLD_KEYS = new Set(["Tab", "Enter", "Escape"]);
  const MODIFIERS = { alt: "Alt", ctrl: "Control", meta: "Meta", shift: "Shift" };
  const doc = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const end = new AbortController();
  const tags = new WeakMap(); // iframe element → the browser's id of the frame in it
  const children = new Set();

  const send = (kind, fields) =>
    binding(JSON.stringify({ k: kind, doc, now: performance.now(), ...fields }));

  const { resolve, judge, hide, describe, search, searchEnds } = targets(() => send("markup", {}));

  // Input --------------------------------------------------------------------------------------

  const held = (event) =>
    Object.keys(MODIFIERS).filter((name) => event.getModifierState(MODIFIERS[name]));

  const pointer = (event, does, button = event.button) =>
    send("pointer", {
      does,
      ts: event.timeStamp,
      x: event.clientX,
      y: event.clientY,
      button,
      trusted: event.isTrusted,
      target: does === "move" ? null : describe(resolve(event, true)),
    });

  const BITS = [1, 4, 2, 8, 16]; // of `buttons`, by `button`

  let lastPlace = [0, 0];
  const onMove = (event) => {
    // when what is under it changes, the browser moves a pointer that nobody moved
    const place = [event.screenX, event.screenY];
    if (event.isTrusted && event.button < 0 && String(place) === String(lastPlace)) return;
    lastPlace = place;
    if (event.isTrusted && event.button >= 0) {
      // a second button, while one is down, comes as a move
      pointer(event, event.buttons & BITS[event.button] ? "down" : "up");
    } else if (event.isTrusted) {
      pointer(event, "move");
    }
  };

  // A page may dispatch any part of a click: tell each press and release once.
  const told = { down: null, up: null };
  const onUntrusted = (event, does) => {
    const seen = told[does];
    const again = seen && seen.node === event.target && event.timeStamp - seen.ts < 50;
    if (again && seen.type !== event.type) return;
    told[does] = { node: event.target, ts: event.timeStamp, type: event.type };
    pointer(event, does);
  };

  const onPress = (event) => {
    const does = event.type.endsWith("down") ? "down" : "up";
    if (!event.isTrusted) onUntrusted(event, does);
    else if (event instanceof PointerEvent) pointer(event, does);
    changed();
  };

  const onClick = (event) => {
    if (event.isTrusted) return;
    onUntrusted(event, "down");
    onUntrusted(event, "up");
  };

  const onWheel = (event) =>
    send("wheel", {
      ts: event.timeStamp,
      x: event.clientX,
      y: event.clientY,
      dx: event.deltaX,
      dy: event.deltaY,
      lines: event.deltaMode !== 0,
      trusted: event.isTrusted,
    });

  const onKey = (event) => {
    const element = resolve(event, false);
    const secrecy = element ? judge(element) : "unknown";
    const modifiers = held(event);
    const isCommand = modifiers.includes("ctrl") && modifiers.includes("alt") && /^F\d+$/.test(event.key);
    // a page could repeat a secret in key events of its own
    const mayTell = event.isTrusted && (!secrecy || TOLD_KEYS.has(event.key) || isCommand);
    send("key", {
      ts: event.timeStamp,
      down: event.type === "keydown",
      code: mayTell ? event.code : "",
      symbol: mayTell ? event.key : "",
      modifiers: mayTell ? modifiers : [],
      repeat: mayTell && event.repeat,
      trusted: event.isTrusted,
      target: describe(element),
    });
    changed();
  };

  const isPaste = (type) => /^insert(FromPaste|FromDrop|FromYank|FromPasteAsQuotation|Link)/.test(type);

  const textOf = (event, element) => {
    if (isPaste(event.inputType ?? "")) return "";
    if (typeof event.data === "string") return event.data;
    return event.inputType || element.isContentEditable ? "" : String(element.value ?? "");
  };

  const onInput = (event) => {
    const element = resolve(event, false);
    if (element?.matches("input[type=checkbox],input[type=radio],input[type=file]")) return;
    // what is typed goes into a field: if this is none, there is one inside that we do not see
    const isHidden = event.inputType && element && !secrets.isField(element);
    const secrecy = element ? judge(element) || (isHidden ? hide(element) : "") : "unknown";
    if (element && secrecy) secrets.remember(element);
    if (element && isPaste(event.inputType ?? "")) secrets.paste(element);
    const text = secrecy || !event.isTrusted ? "" : secrets.clean(textOf(event, element), 10000);
    const inputType = event.inputType || (text ? "insertReplacementText" : "");
    send("text", { ts: event.timeStamp, text, inputType, trusted: event.isTrusted, target: describe(element, secrecy) });
    changed();
  };

  let lastFocus = null;
  const onFocus = (event) => {
    if (event === lastFocus) return; // heard at the window and at the root already
    lastFocus = event;
    const element = resolve(event, false);
    send("focus", { ts: event.timeStamp, target: describe(element) });
    changed();
  };

  const onBlur = (event) => {
    if (event.target === window) send("focus", { ts: event.timeStamp, target: null });
  };

  // the browser ends pointer events when a drag begins: its end is the release
  const onDragEnd = (event) => event.isTrusted && pointer(event, "up", 0);
  const onCancel = (event) => event.pointerType !== "mouse" && pointer(event, "up", 0);
  const onVisibility = () => send("visibility", { visible: document.visibilityState === "visible" });

  const HANDLERS = {
    pointermove: onMove, pointerdown: onPress, pointerup: onPress, mousedown: onPress,
    mouseup: onPress, click: onClick, wheel: onWheel, keydown: onKey, keyup: onKey, input: onInput,
    focusin: onFocus, blur: onBlur, dragend: onDragEnd, pointercancel: onCancel,
    visibilitychange: onVisibility, scroll: () => changed(), resize: () => changed(),
    transitionrun: () => follow(), animationstart: () => follow(), load: () => changed(),
    DOMContentLoaded: () => send("markup", {}),
    [NAMES.probe]: () => heard++,
    [NAMES.root]: (event) => adopt(event.relatedTarget),
    [NAMES.markup]: () => send("markup", {}),
    [NAMES.hello]: () => sayReady(),
    [NAMES.said]: (event) => (said += event.detail),
  };
  const OPTIONS = { capture: true, passive: true, signal: end.signal };
  let heard = 0;
  // What the browser itself counts: so that what was missed is known.
  const counts = { pointerdown: 0, pointerup: 0, keydown: 0, keyup: 0, input: 0 };

  // Adding a listener twice changes nothing, so this may run at any time.
  const onAny = (event) => {
    if (event.isTrusted && event.type in counts) counts[event.type]++;
    HANDLERS[event.type](event);
  };
  const arm = () => {
    for (const type of Object.keys(HANDLERS)) addEventListener(type, onAny, OPTIONS);
  };
  const sayReady = () => dispatchEvent(new Event(NAMES.ready));

  // Changes ------------------------------------------------------------------------------------

  const WATCHED = {
    childList: true, subtree: true, characterData: true, attributes: true, attributeOldValue: true,
    attributeFilter: [
      "type", "autocomplete", "name", "id", "placeholder", "aria-label", "maxlength", "class",
      "style", "value", "hidden", "open", "checked", "disabled", "src",
    ],
  };

  const fieldsIn = (node) => {
    if (!(node instanceof Element || node instanceof DocumentFragment)) return [];
    const found = [...node.querySelectorAll("input,textarea,[contenteditable]")];
    return (node instanceof Element ? [node, ...found] : found).filter(secrets.isField);
  };

  const scan = (node) => {
    if (!(node instanceof Element || node instanceof DocumentFragment || node instanceof Document)) return;
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT);
    for (let element = walker.currentNode; element; element = walker.nextNode()) {
      if (!(element instanceof Element)) continue;
      if (element.matches("iframe,frame,object,embed,fencedframe")) children.add(element);
      if (secrets.isField(element)) secrets.watch(element);
      const root = elements.rootOf(element);
      if (root) adopt(root);
    }
  };

  // A form that is drawn anew keeps its fields in the same order: so a secret stays one.
  const onSwap = (record) => {
    const before = [...record.removedNodes].flatMap(fieldsIn);
    const after = [...record.addedNodes].flatMap(fieldsIn);
    for (const field of before) secrets.remember(field);
    before.forEach((field, index) => {
      if (secrets.isSecret(field)) lastRemoved.set(record.target, { index, of: before.length });
    });
    const swapped = lastRemoved.get(record.target);
    if (swapped && after.length === swapped.of) secrets.mark(after[swapped.index]);
  };
  let lastRemoved = new Map();

  const onMutation = (records) => {
    arm(); // document.open() drops every listener, but not this observer
    for (const record of records) {
      if (record.type === "attributes") {
        const { target: node, attributeName, oldValue } = record;
        if (attributeName === "type" && oldValue?.toLowerCase() === "password") secrets.mark(node);
        if (secrets.isField(node)) secrets.check(node);
        if (attributeName === "src") children.add(node);
      } else if (record.type === "characterData") {
        secrets.findMirrors(record.target);
      } else {
        onSwap(record);
        for (const node of record.addedNodes) (scan(node), secrets.findMirrors(node));
      }
    }
    lastRemoved = new Map();
    changed();
  };
  const observer = new MutationObserver(onMutation);

  const adopted = new WeakSet();
  const adopt = (root) => {
    if (!(root instanceof ShadowRoot) || adopted.has(root)) return;
    adopted.add(root);
    secrets.unveil(root.host);
    if (root.mode === "closed") elements.closed.set(root.host, root);
    observer.observe(root, WATCHED);
    // focus that moves inside one root is not heard of outside
    root.addEventListener("focusin", onFocus, OPTIONS);
    scan(root);
    changed();
  };

  // Layout -------------------------------------------------------------------------------------

  const childBox = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const sx = element.offsetWidth ? width / element.offsetWidth : 1;
    const sy = element.offsetHeight ? height / element.offsetHeight : 1;
    const style = getComputedStyle(element);
    const left = (element.clientLeft + parseFloat(style.paddingLeft || 0)) * sx;
    const top = (element.clientTop + parseFloat(style.paddingTop || 0)) * sy;
    return { id: tags.get(element) ?? "", box: [x, y, width, height], origin: [x + left, y + top], scale: [sx, sy] };
  };

  const measure = () => {
    for (const element of children) if (!element.isConnected) children.delete(element);
    const boxes = secrets.covered().map(elements.box).filter((box) => box[2] > 0 && box[3] > 0);
    const view = window.visualViewport;
    return {
      boxes,
      children: [...children].map(childBox).filter((child) => child.box[2] > 0 && child.box[3] > 0),
      view: [view?.offsetLeft ?? 0, view?.offsetTop ?? 0, view?.scale ?? 1],
      size: [innerWidth, innerHeight],
    };
  };

  let lastLayout = "";
  const report = () => {
    const layout = measure();
    const text = JSON.stringify(layout);
    if (text !== lastLayout) send("layout", layout);
    lastLayout = text;
  };

  let following = false;
  let followUntil = 0;
  // Reports each animation frame while a secret is on the page, and for a second after movement.
  const follow = () => {
    followUntil = performance.now() + 1000;
    if (following || end.signal.aborted) return;
    following = true;
    const next = () => {
      report();
      following = !end.signal.aborted && (secrets.any() || performance.now() < followUntil);
      if (following) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  };

  // Snapshots ----------------------------------------------------------------------------------

  let timer = 0;
  let changedAt = 0;
  let lastSnapshot = "";
  const snapshot = () => {
    timer = 0;
    const found = elements.snapshot(judge);
    const text = JSON.stringify(found);
    if (text !== lastSnapshot) send("elements", { elements: found });
    lastSnapshot = text;
  };

  const changed = () => {
    if (end.signal.aborted) return;
    if (secrets.any() || children.size) follow();
    const now = performance.now();
    if (!timer) changedAt = now;
    else if (now - changedAt > SETTLE_AT_MOST_MS - SETTLE_MS) return;
    clearTimeout(timer);
    timer = setTimeout(snapshot, SETTLE_MS);
  };

  // For the recorder ---------------------------------------------------------------------------

  let said = 0; // by the script in the page's own world, before this one was there
  const missed = () => {
    let found = 0;
    for (const type of Object.keys(counts)) {
      const all = performance.eventCounts?.get(type) ?? 0;
      found += Math.max(0, all - counts[type]);
      counts[type] = Math.max(all, counts[type]);
    }
    found = Math.max(0, found - said);
    said = 0;
    return found;
  };

  const hears = () => {
    const before = heard;
    dispatchEvent(new Event(NAMES.probe));
    return heard > before;
  };

  // Returns how much was missed; the listeners are in place afterwards.
  const check = () => {
    const lost = missed();
    if (hears()) return lost;
    arm();
    // a page that is paused hears nothing, but nothing happens in it either
    return hears() ? Math.max(1, lost) : lost;
  };

  globalThis.understudy = {
    layout: () => JSON.stringify({ k: "layout", doc, now: performance.now(), ...measure() }),
    beat: check,
    tag: (element, id) => {
      tags.set(element, id);
      children.add(element);
      report();
    },
    adopt,
    elements: () => {
      const found = elements.snapshot(judge);
      lastSnapshot = JSON.stringify(found);
      return JSON.stringify({ k: "elements", doc, now: performance.now(), elements: found });
    },
    search: () => void search(),
    searchEnds,
    secrecy: () => {
      let element = document.activeElement;
      for (let root; element && (root = elements.rootOf(element)); ) {
        if (!root.activeElement) break;
        element = root.activeElement;
      }
      if (element && element.matches("iframe,frame")) return tags.get(element) ?? "unknown";
      return element ? judge(element) : "unknown";
    },
    stop: () => {
      end.abort();
      observer.disconnect();
      clearTimeout(timer);
    },
  };

  arm();
  observer.observe(document, WATCHED);
  sayReady();
  send("hello", { missed: missed() });
  scan(document);
  onVisibility();
  if (document.readyState !== "loading") send("markup", {});
  report();
  changed();
})(NAMES);
