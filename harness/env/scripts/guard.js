// The guard: lets through to a page what was planned, where and as it was planned, and nothing else.
//
// It lives in a JavaScript world of its own in each frame, which the page can neither see nor alter,
// and hears each event before the page does. What does not meet its target is blocked, and so is all
// that comes after it until the guard is armed anew or disarmed: inputs are sent all at once, and
// those behind a mismatch are on their way already.
const makeGuard = (list) => {
  const HEARD = [
    "pointerdown", "mousedown", "pointerup", "mouseup", "click", "auxclick", "dblclick",
    "contextmenu", "pointermove", "mousemove", "wheel", "dragstart", "drop", "touchstart",
    "keydown", "keypress", "keyup", "beforeinput", "paste", "cut",
  ];
  const CLICKABLE = "a, button, label, option, summary, [role], [onclick]";
  const SPOKEN = ["aria-label", "placeholder", "title", "alt", "type", "href"];
  // what may have a closed shadow root, whose insides are not seen from here but over DevTools
  const HOSTS = /-|^(ARTICLE|ASIDE|BLOCKQUOTE|BODY|DIV|FOOTER|H\d|HEADER|MAIN|NAV|P|SECTION|SPAN)$/;
  const PRESSED_BY = ["Enter", " "]; // keys that click what has the focus

  let moves = null; // null: disarmed, everything passes
  let at = 0; // the move under way
  let count = 0; // of its presses or keys that are done
  let isDown = false; // its button or its key
  let fault = ""; // why nothing passes any more
  let targets = []; // of the plan, as they were found when it was made
  let noted = []; // what each of them said then
  let around = ""; // what was written on the page then
  let shown = ""; // what was on the page then
  let isCompared = true; // the page with that, before anything of the plan is let through
  let anchor = null; // what had the focus when the guard was armed
  let held = new Map(); // what a field is to hold, as the moves before have left it
  let plan = ""; // the name of what is armed

  // What is seen of a node ---------------------------------------------------------------------------

  // Outside a closed shadow root its host is the target of whatever happens within.
  const seen = (node) => {
    let found = node;
    for (let root = node.getRootNode(); root instanceof ShadowRoot; root = root.host.getRootNode()) {
      if (root.mode === "closed") found = root.host;
    }
    return found;
  };
  const control = (node) => node.closest?.("label")?.control ?? node;
  const words = (node) => {
    const field = control(node);
    // not innerText, which lays the page out: this is asked with every key
    const labels = [...(field.labels ?? [])].map((label) => label.textContent);
    const said = SPOKEN.map((name) => field.getAttribute?.(name));
    const caption = /^(button|submit|reset)$/.test(field.type) ? field.value : "";
    const text = (node.closest?.(CLICKABLE) ?? node).textContent;
    return JSON.stringify([text, caption, labels, said, field.disabled === true]);
  };
  const written = () => {
    const roots = new Set(targets.map((node) => node.getRootNode()));
    const shadows = [...roots].filter((root) => root instanceof ShadowRoot);
    const parts = [document.body, ...shadows.flatMap((root) => [...root.children])];
    return parts.map((part) => part?.innerText ?? "").join("\n");
  };
  const focused = () => {
    let found = document.activeElement;
    while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
    return found;
  };
  const content = (node) => (node.isContentEditable ? node.textContent : node.value);

  // What speaks against an event ---------------------------------------------------------------------

  const missed = (node, event) => {
    const target = event.composedPath()[0];
    if (target === control(node)) return "";
    const root = node.getRootNode();
    const isHit = seen(node) === node || root.elementFromPoint(event.clientX, event.clientY) === node;
    return node.isConnected && target === seen(node) && isHit
      ? ""
      : "something else is where the target was";
  };
  const reworded = (move) =>
    words(move.node) === noted[move.target] ? "" : "a target says something else";
  const altered = (move) => {
    if (reworded(move)) return reworded(move);
    for (const [field, [property, value]] of held) {
      if (!field.isConnected || field[property] !== value) return "a field is not as it was left";
    }
    return written() === around ? "" : "what is written on the page has changed";
  };
  const holds = (move) => (count ? move.kept + move.text.slice(0, count) : move.holds);
  const misplaced = (move) => {
    if (!move.node) return focused() === anchor ? "" : "something else has the focus";
    if (move.node.getRootNode().activeElement !== move.node) return "something else has the focus";
    if (move.kind === "type" && content(move.node) !== holds(move)) return "a field holds something else";
    return reworded(move);
  };

  // The events of a move -----------------------------------------------------------------------------

  const UNPLANNED = "an input that was not planned";
  const next = () => moves[at] ?? {};
  const advance = () => {
    at += 1;
    count = 0;
    isDown = false;
    if (at === moves.length) announce();
  };
  // Says in the outermost document, where nothing is shown of it, that a plan is done.
  const announce = () => {
    try {
      top.document.documentElement.dataset.done = plan;
    } catch {} // it is of another site: who waits for the plan has to ask this guard
  };

  const onPress = (event) => {
    const move = next();
    if (!["press", "drag"].includes(move.kind) || event.button !== move.button) return UNPLANNED;
    // a mouse goes down right after its pointer
    const objection = missed(move.node, event) || (isDown ? reworded(move) : altered(move));
    isDown = !objection;
    return objection;
  };
  const onRelease = (event) => {
    const move = next();
    if (!isDown) return UNPLANNED;
    if (move.kind === "press") return missed(move.node, event) || reworded(move);
    if (event.type === "mouseup") advance();
    return "";
  };
  const onClick = (event) => {
    const move = next();
    if (move.kind !== "press" || !isDown) return onCaused(event);
    const objection = missed(move.node, event) || reworded(move);
    if (objection) return objection;
    isDown = false;
    count += 1;
    if (count < move.count) return "";
    if (move.checked !== null) held.set(control(move.node), ["checked", move.checked]);
    advance();
    return "";
  };
  // Labels click what they belong to, keys what has the focus; and each drag is a click as well.
  const onCaused = (event) => {
    const target = event.composedPath()[0];
    for (const cause of [moves[at], moves[at - 1]]) {
      if (cause?.kind === "drag") return "";
      if (cause?.kind === "press" && target === seen(control(cause.node))) return reworded(cause);
      if (cause?.kind === "chord" && event.detail === 0 && PRESSED_BY.includes(cause.key)) return "";
    }
    return UNPLANNED;
  };
  const onRepeated = (event) => {
    const cause = isDown || count ? moves[at] : moves[at - 1];
    return cause?.kind === "press" ? missed(cause.node, event) : UNPLANNED;
  };
  const onWheel = (event) => {
    const move = next();
    if (move.kind !== "wheel") return UNPLANNED;
    const objection = missed(move.node, event) || altered(move);
    if (!objection) advance();
    return objection;
  };

  const character = (move) => [...move.text.slice(count)][0];
  const keyOf = (move) => {
    if (move.kind !== "type") return move.key;
    return move.whole ? undefined : character(move);
  };
  const onKey = (event) => {
    const move = next();
    if (move.kind === "chord" && move.modifiers.includes(event.key)) return misplaced(move);
    const key = keyOf(move);
    if (key === undefined || (event.key !== key && !(key === " " && event.code === "Space"))) {
      return UNPLANNED;
    }
    const objection = misplaced(move);
    isDown = !objection;
    return objection;
  };
  const onText = (event) => {
    const move = next();
    if (move.kind === "chord") return isDown ? "" : UNPLANNED;
    const text = move.whole ? move.text : move.text && character(move);
    if (move.kind !== "type" || event.data !== text) return UNPLANNED;
    const objection = misplaced(move);
    if (!objection && !isDown) typed(move, event.data.length); // no key gives this character
    return objection;
  };
  const onKeyUp = (event) => {
    const move = next();
    if (!isDown || event.key !== keyOf(move)) return "";
    isDown = false;
    if (move.kind === "type") typed(move, 1);
    else if (++count >= move.count) advance();
    return "";
  };
  const typed = (move, characters) => {
    count += characters;
    if (count < move.text.length) return;
    if ("value" in move.node) held.set(move.node, ["value", move.kept + move.text]);
    advance();
  };
  const onCommand = () => (next().kind === "chord" && isDown ? "" : UNPLANNED);

  const CHECKS = {
    pointerdown: onPress, mousedown: onPress, pointerup: onRelease, mouseup: onRelease,
    click: onClick, auxclick: onClick, dblclick: onRepeated, contextmenu: onRepeated,
    pointermove: () => "", mousemove: () => "", wheel: onWheel, touchstart: () => UNPLANNED,
    dragstart: () => (next().kind === "drag" ? "" : UNPLANNED),
    drop: () => (moves[at - 1]?.kind === "drag" ? "" : UNPLANNED),
    keydown: onKey, keypress: () => (isDown ? "" : UNPLANNED), keyup: onKeyUp,
    beforeinput: onText, paste: onCommand, cut: onCommand,
  };
  const hear = (event) => {
    if (!moves || !event.isTrusted) return; // what a page does to itself is its own affair
    compare();
    fault ||= CHECKS[event.type](event);
    if (!fault) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const listen = () => {
    for (const type of HEARD) addEventListener(type, hear, { capture: true, passive: false });
  };

  // Boxes of all that a press on a node presses: what is around it, and within what can be clicked.
  const pressed = (node) => {
    const whole = node.closest?.(CLICKABLE) ?? node;
    const found = [...(whole.querySelectorAll?.("*") ?? []), control(node)];
    for (let each = node; each; each = each.parentElement ?? each.getRootNode().host) found.push(each);
    return found.filter((each) => each instanceof Element).map((each) => {
      const { x, y, width, height } = each.getBoundingClientRect();
      return [x, y, width, height];
    });
  };

  // Where this document begins in the page; nowhere if the one around it is of another site.
  const corner = () => {
    const at = [0, 0];
    for (let view = window; view !== view.top; view = view.parent) {
      const frame = view.frameElement;
      if (!frame) return [NaN, NaN];
      const { x, y } = frame.getBoundingClientRect();
      at[0] += x + frame.clientLeft;
      at[1] += y + frame.clientTop;
    }
    return at;
  };
  const topmost = (x, y) => {
    if (Number.isNaN(x)) return null;
    let found = document.elementFromPoint(x, y);
    for (let within; (within = found?.shadowRoot?.elementFromPoint(x, y)) && within !== found; ) {
      found = within;
    }
    return found;
  };

  const note = (nodes) => {
    targets = nodes;
    noted = nodes.map(words);
    around = written();
  };
  const found = () => ({
    pressed: targets.map(pressed),
    hidden: targets.some((node) => /^(I?FRAME|OBJECT|EMBED|FENCEDFRAME)$/.test(node.tagName)),
  });
  // Notes the targets of a plan while it is made, and returns what is on the page, which has to be so
  // still when the plan is armed, and what each target is part of; nothing is blocked.
  const aim = (...nodes) => {
    note(nodes);
    const listed = list();
    shown = JSON.stringify(listed);
    return { listed, ...found() };
  };
  const compare = () => {
    if (isCompared) return;
    isCompared = true;
    const isSame = written() === around && targets.every((node, i) => words(node) === noted[i]);
    if (!isSame) fault = "the page says something else than when the plan was made";
    else if (JSON.stringify(list()) !== shown) fault = "the page is not as it was when the plan was made";
  };
  // Blocks everything from now on but `planned`, whose moves name their targets by number, and those
  // as well where the page is not as it was when it was aimed at.
  const arm = (planned, name) => {
    listen();
    [at, count, isDown, fault, held, plan] = [0, 0, false, "", new Map(), name];
    moves = planned.map((move) => ({ ...move, node: targets[move.target] ?? null }));
    anchor = focused();
    isCompared = !moves.length;
    if (!isCompared) setTimeout(compare); // while the first input is on its way, which otherwise waits for it
  };
  // Does both at once, for a page that listed its elements just before; targets are what is on top at
  // some places of the page. Nothing is done where that cannot be told from here; one of them may be
  // a `suspect`, for whoever takes it to look into.
  const take = (planned, name, listing, places) => {
    const [left, top] = corner();
    const nodes = places.map(([x, y]) => topmost(x - left, y - top));
    if (!nodes.every(Boolean) || nodes.filter(mayHide).length > 1) return { pressed: [], hidden: true };
    note(nodes);
    shown = JSON.stringify(listing);
    arm(planned, name);
    return found();
  };
  const mayHide = (node) => HOSTS.test(node.tagName);
  const suspect = () => targets.find(mayHide) ?? null;
  // Tells how far a plan has come; all passes again where it is done, as it does in other frames from
  // when the outermost document says so.
  const settle = () => {
    compare();
    const report = { done: at, planned: moves?.length ?? 0, fault };
    if (report.done === report.planned && !fault) moves = null;
    return report;
  };
  const join = (plan) => {
    try {
      if (top.document.documentElement.dataset.done === plan) moves = null;
    } catch {} // it is of another site, and has to be disarmed
    return { done: 0, planned: 0, fault: "" };
  };
  const disarm = () => {
    const report = settle();
    moves = null;
    return report;
  };

  listen();
  // a document that is written again loses its listeners
  new MutationObserver(listen).observe(document, { childList: true });
  return { aim, arm, take, suspect, settle, join, disarm };
};
