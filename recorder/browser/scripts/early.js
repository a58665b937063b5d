// Runs in the page's own world before any script of the page. It tells the recorder's own world of
// every shadow root, closed ones too, and keeps pointer input that arrives before that world is up.
((NAMES) => {
  const { apply } = Reflect;
  const dispatch = EventTarget.prototype.dispatchEvent;
  const listen = EventTarget.prototype.addEventListener;
  const unlisten = EventTarget.prototype.removeEventListener;
  const path = Event.prototype.composedPath;
  const Carrier = WheelEvent; // the one event that carries a node, a point and three floats
  const KINDS = { __proto__: null, pointerdown: 1, pointerup: 2, wheel: 3 };
  const LOST = { __proto__: null, keydown: true, input: true };
  const LIMIT = 500;
  let waiting = { __proto__: null, length: 0 };
  let lost = 0;

  const tell = (name, details) => apply(dispatch, window, [new Carrier(name, details)]);
  const hand = (name, details) => {
    if (!waiting) tell(name, details);
    else if (waiting.length < LIMIT) waiting[waiting.length++] = { name, details };
    else lost++;
  };

  const keep = (event) => {
    if (!event.isTrusted) return;
    if (LOST[event.type]) {
      lost++;
      return;
    }
    const { clientX, clientY, button, deltaX, deltaY, deltaMode, timeStamp } = event;
    const relatedTarget = apply(path, event, [])[0] ?? null;
    const wheel = { deltaX: deltaX ?? 0, deltaY: deltaY ?? 0, deltaMode: deltaMode ?? 0 };
    const point = { clientX, clientY, button, relatedTarget, deltaZ: timeStamp };
    hand(NAMES.early, { __proto__: null, ...wheel, ...point, detail: KINDS[event.type] });
  };
  const KEPT = ["pointerdown", "pointerup", "wheel", "keydown", "input"];
  for (const type of KEPT) apply(listen, window, [type, keep, { capture: true, passive: true }]);

  const wrap = (holder, method, after) => {
    const original = holder?.prototype?.[method];
    if (!original) return;
    holder.prototype[method] = new Proxy(original, {
      __proto__: null,
      apply(target, self, args) {
        const result = apply(target, self, args);
        after(self, result);
        return result;
      },
    });
  };
  wrap(Element, "attachShadow", (_, relatedTarget) => {
    hand(NAMES.root, { __proto__: null, relatedTarget });
  });
  // markup given to these may hold closed roots that no attachShadow call announces
  for (const holder of [Element, ShadowRoot]) {
    wrap(holder, "setHTMLUnsafe", () => hand(NAMES.markup, { __proto__: null }));
  }

  apply(listen, window, [
    NAMES.ready,
    () => {
      if (!waiting) return;
      for (const type of KEPT) apply(unlisten, window, [type, keep, { capture: true }]);
      const kept = waiting;
      waiting = null;
      for (let i = 0; i < kept.length; i++) tell(kept[i].name, kept[i].details);
      if (lost) tell(NAMES.lost, { __proto__: null, detail: lost });
    },
  ]);
  tell(NAMES.hello, { __proto__: null });
})(NAMES);
