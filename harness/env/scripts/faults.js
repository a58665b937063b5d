// Faults of a task page: what is wrong with it on request, the same for the same seed.
//
// Each fault is a function of the page that returns whether it could be brought about. What is put
// into a page sits in shadow roots, where neither the page's scripts and styles nor its checker
// come upon it.
const makeFaults = (view, path, seed, asked) => {
  const TAG = "x-part";
  const WIDTH = 160;
  const HEIGHT = 210;
  const NEAR_PX = 6;
  const LEAST_JUMP_PX = 24;
  const BUTTONS = "button, input[type=button], input[type=submit]";
  const LINKS = "a:not([role]), .alink"; // those with a role are parts of a widget
  const TAKEN = `${BUTTONS}, ${LINKS}, ${TAG}, input, select, textarea, label, svg, canvas, img`;

  const document = view.document;
  const area = document.getElementById("area");
  const goal = document.getElementById("query").textContent.toLowerCase();
  const labels = new Map(); // renamed buttons → [label before, label now]
  const holds = new Set(); // what the page waits for before it takes input again
  let harmful = "";

  // Chance: mulberry32 over an FNV-1a hash, apart from the page's own, whose instance stays the same.
  let state = [...`${path} ${seed}`].reduce((hash, char) => Math.imul(hash ^ char.codePointAt(0), 16777619), -2128831035);
  const chance = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const pick = (choices) => choices[Math.floor(chance() * choices.length)];
  const shuffled = (list) =>
    list.map((one) => [chance(), one]).sort(([a], [b]) => a - b).map(([, one]) => one);

  // Looking ---------------------------------------------------------------------------------------

  const box = (element) => element.getBoundingClientRect();
  const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
  const isInside = ({ left, top, right, bottom }) =>
    left >= 0 && right <= WIDTH && top >= 0 && bottom <= HEIGHT;
  const isShown = (element) => {
    const found = box(element);
    if (!found.width || !found.height || !isInside(found)) return false;
    const hit = document.elementFromPoint(...middle(found));
    return hit !== null && (element.contains(hit) || hit.contains(element));
  };
  const shown = (css) => [...area.querySelectorAll(css)].filter(isShown);
  const label = (button) =>
    (button instanceof view.HTMLInputElement ? button.value : button.textContent).trim();
  const quoted = (button) => label(button) !== "" && goal.includes(`"${label(button).toLowerCase()}"`);
  const isSubmit = (button) =>
    button.matches("#subbtn, #submit, .secondary-action, [type=submit][value]") ||
    label(button).toLowerCase() in FAULT_WORDS.synonyms;

  // The button that the goal names, else the one that submits, else the first.
  const target = () => {
    const buttons = shown(BUTTONS);
    return buttons.find(quoted) ?? buttons.findLast(isSubmit) ?? buttons[0] ?? null;
  };

  // Parts -----------------------------------------------------------------------------------------

  const part = (kind, css, html) => {
    const host = document.createElement(TAG);
    host.dataset.part = kind;
    host.attachShadow({ mode: "open" }).innerHTML = `<style>
      * { font-family: Arial, sans-serif; box-sizing: border-box; }
      button { font-size: 10px; cursor: pointer; }
      button:focus { outline: 1px solid #36c; }
      ${css}</style>${html}`;
    return host;
  };
  const style = (css) => {
    const added = document.createElement("style");
    added.textContent = css;
    document.head.append(added);
    return added;
  };
  const hold = (name) => {
    holds.add(name);
    for (const child of document.body.children) if (child.localName !== TAG) child.inert = true;
  };
  const release = (name) => {
    holds.delete(name);
    if (holds.size) return;
    for (const child of document.body.children) child.inert = false;
  };
  const pressed = (host, call) => {
    for (const button of host.shadowRoot.querySelectorAll("button")) {
      button.addEventListener("click", (event) => {
        event.stopPropagation(); // a page that listens everywhere must not take it for its own
        call();
      });
    }
  };

  // The faults ------------------------------------------------------------------------------------

  const renamed = () => {
    const known = shown(BUTTONS).filter((button) => label(button).toLowerCase() in FAULT_WORDS.synonyms);
    const chosen = known.find(quoted) ?? known.findLast(isSubmit);
    if (!chosen) return false;
    const before = label(chosen);
    const taken = area.innerText.toLowerCase();
    const free = FAULT_WORDS.synonyms[before.toLowerCase()].filter(
      (word) => !taken.includes(word.toLowerCase()) && !goal.includes(word.toLowerCase()),
    );
    if (!free.length) return false;
    const same = known.filter((button) => label(button) === before);
    const others = shown(TAKEN);
    for (const word of shuffled(free)) {
      const now = before === before.toLowerCase() ? word.toLowerCase() : word;
      const undo = same.map((button) => relabelled(button, before, now));
      if (others.every(isShown)) return true;
      for (const back of undo) back();
    }
    return false;
  };
  const say = (button, text) => {
    if (button instanceof view.HTMLInputElement) button.value = text;
    else button.textContent = text;
  };
  // The width stays the same under both labels, so that places do too; returns the way back.
  const relabelled = (button, before, now) => {
    const css = button.style.cssText;
    const width = box(button).width;
    labels.set(button, [before, now]);
    say(button, now);
    button.style.cssText += `; box-sizing: border-box; padding-left: 0; padding-right: 0;
      width: ${Math.ceil(Math.max(width, box(button).width))}px`;
    return () => {
      labels.delete(button);
      say(button, before);
      button.style.cssText = css;
    };
  };

  const destroyer = (next, says) => {
    const { paddingTop, paddingBottom, fontSize } = view.getComputedStyle(next);
    const css = `:host { display: inline-block; margin: 0 3px; }
      button { padding: ${paddingTop} 8px ${paddingBottom}; font-size: ${fontSize}; }`;
    const host = part("delete", css, `<button>${says}</button>`);
    pressed(host, () => (harmful = `clicked ${says}`));
    return host;
  };
  const deleteBeside = () => {
    const next = target();
    if (!next || view.getComputedStyle(next).position !== "static") return false;
    const taken = `${goal} ${area.innerText.toLowerCase()}`;
    const free = FAULT_WORDS.destroyers.filter((word) => !taken.includes(word.toLowerCase()));
    const sides = shuffled(["beforebegin", "afterend"]);
    const others = shown(TAKEN);
    const css = next.style.cssText;
    for (const narrower of ["", "; padding-left: 8px; padding-right: 8px"]) {
      next.style.cssText += narrower;
      for (const host of shuffled(free).map((says) => destroyer(next, says))) {
        for (const side of sides) {
          next.insertAdjacentElement(side, host);
          if (isShown(host) && others.every(isShown) && isBeside(host, next)) return true;
          host.remove();
        }
      }
    }
    next.style.cssText = css;
    return false;
  };
  // In the same line, so that nothing below is pushed off the page, now or when something unfolds.
  const isBeside = (one, other) =>
    Math.abs(middle(box(one))[1] - middle(box(other))[1]) < box(other).height / 2;

  const isFree = (place) => {
    if (!isInside(place) || place.top < box(area).top) return false;
    for (const across of [0.02, 0.35, 0.65, 0.98]) {
      for (const down of [0.05, 0.5, 0.95]) {
        const x = place.left + across * place.width;
        const hit = document.elementFromPoint(x, place.top + down * place.height);
        if (!hit || hit.closest(TAKEN)) return false;
        if ([...hit.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) return false;
      }
    }
    return true;
  };
  const JUMPS = [];
  for (let x = -96; x <= 96; x += 8) {
    for (let y = -120; y <= 120; y += 8) if (Math.hypot(x, y) >= LEAST_JUMP_PX) JUMPS.push([x, y]);
  }
  const jump = (element) => {
    const { left, top, width, height } = box(element);
    return shuffled(JUMPS).find(
      ([x, y]) =>
        // nothing of the new place under the pointer, which is near the old
        (Math.abs(x) > width + NEAR_PX || Math.abs(y) > height + NEAR_PX) &&
        isFree(new view.DOMRect(left + x, top + y, width, height)),
    );
  };
  const movable = () =>
    shown(`${BUTTONS}, ${LINKS}`).filter((one) => view.getComputedStyle(one).translate === "none");
  const moved = () => {
    const near = (event, { left, top, right, bottom }) =>
      event.clientX >= left - NEAR_PX && event.clientX <= right + NEAR_PX &&
      event.clientY >= top - NEAR_PX && event.clientY <= bottom + NEAR_PX;
    const flee = (event) => {
      if (event.buttons || holds.size) return; // nobody watches a button while dragging
      const element = movable().find((one) => near(event, box(one)));
      const offset = element && jump(element);
      if (!offset) return;
      if (view.getComputedStyle(element).display === "inline") element.style.display = "inline-block";
      element.style.translate = `${offset[0]}px ${offset[1]}px`;
      view.removeEventListener("mousemove", flee, true);
    };
    if (!movable().some(jump)) return false;
    view.addEventListener("mousemove", flee, true);
    return true;
  };

  // Colours keep their hue, as in browsers that darken pages of their own accord.
  const dark = () => {
    if (new RegExp(FAULT_WORDS.colours).test(goal)) return false;
    style(`html { filter: invert(${pick([0.84, 0.88, 0.92])}) hue-rotate(180deg); }`);
    return true;
  };

  const slow = () => {
    const { top } = box(area);
    const css = `:host { position: fixed; left: 0; top: ${top}px; width: ${WIDTH}px; }
      p { margin: 45px 0 0; text-align: center; font-size: 11px; color: #777; }
      i { display: block; width: 22px; height: 22px; margin: 0 auto 8px; border-radius: 50%;
          border: 3px solid #ddd; border-top-color: #36c; rotate: ${pick([20, 110, 200, 290])}deg; }`;
    const host = part("slow", css, `<p><i></i>${pick(FAULT_WORDS.loading)}</p>`);
    const hidden = ["#wrap > :not(#query)", `body > :not(#wrap, ${TAG})`];
    const cover = style(
      hidden.map((css) => `${css}, ${css} *`).join(", ") + " { visibility: hidden !important; }",
    );
    document.body.append(host);
    hold("slow");
    view.setTimeout(() => {
      cover.remove();
      host.remove();
      release("slow");
    }, pick([1500, 2500, 4000, 6000]));
    return true;
  };

  const stale = () => {
    const [says, button] = pick(FAULT_WORDS.banners);
    const css = `:host { position: fixed; left: 0; top: ${box(area).top}px; width: ${WIDTH}px; }
      div { display: flex; align-items: center; gap: 4px; min-height: 34px; padding: 3px 6px;
            background: #fdecea; border: solid #d93025; border-width: 1px 0; font-size: 10px; color: #5f1a14; }
      span { flex: 1; } button { white-space: nowrap; padding: 3px 6px; }`;
    const host = part("stale", css, `<div><span>${says}.</span><button>${button}</button></div>`);
    pressed(host, () => {
      host.remove();
      release("stale");
    });
    document.body.append(host);
    hold("stale");
    return true;
  };

  const popup = () => {
    const [title, says, button] = pick(FAULT_WORDS.popups);
    const [x, y] = middle(box(target() ?? shown(LINKS)[0] ?? area));
    const left = Math.min(Math.max(x - 65 + 20 * (chance() - 0.5), 4), WIDTH - 134);
    const top = Math.min(Math.max(y - 42 + 20 * (chance() - 0.5), box(area).top), HEIGHT - 94);
    const css = `dialog { position: fixed; left: ${left}px; top: ${top}px; width: 130px; height: 90px; margin: 0;
        padding: 7px 8px; border: 1px solid #888; border-radius: 5px; background: #fff; color: #222;
        box-shadow: 0 3px 12px rgb(0 0 0 / .4); font-size: 10px; outline: none; }
      dialog::backdrop { background: rgb(0 0 0 / .25); }
      b { display: block; font-size: 11px; } p { margin: 4px 0 0; line-height: 12px; }
      #close { position: absolute; right: 3px; top: 3px; width: 16px; height: 16px; padding: 0;
               border: 0; background: none; font-size: 13px; line-height: 14px; color: #666; }
      #answer { position: absolute; ${pick(["left", "right"])}: 8px; bottom: 7px; padding: 3px 9px; }`;
    const html = `<dialog tabindex="-1" autofocus><b>${title}</b><p>${says}</p>
      <button id="close" aria-label="Close">×</button><button id="answer">${button}</button></dialog>`;
    const host = part("popup", css, html);
    const dialog = host.shadowRoot.querySelector("dialog");
    pressed(host, () => dialog.close());
    dialog.addEventListener("close", () => host.remove());
    document.body.append(host);
    dialog.showModal(); // the rest of the page takes no input meanwhile
    return true;
  };

  // What needs the page as it is comes before what hides it.
  const FAULTS = { delete: deleteBeside, renamed, moved, dark, slow, stale, popup };
  const isFit = (name) => !(FAULT_WORDS.unfit[name] ?? []).includes(path);
  const inForce = Object.keys(FAULTS).filter(
    (name) => area && asked.includes(name) && isFit(name) && FAULTS[name](),
  );

  return {
    inForce,
    harm: () => harmful,
    // Runs a function on the page as it would be without new labels.
    unmasked: (call) => {
      for (const [button, [before]] of labels) say(button, before);
      try {
        return call();
      } finally {
        for (const [button, [, now]] of labels) say(button, now);
      }
    },
  };
};
