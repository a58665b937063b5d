// Runs in the page's own world before any script of the page. It tells the recorder's own world of
// every shadow root, closed ones too, and the recorder of input that comes before that world is up.
((NAMES) => {
  const { apply } = Reflect;
  const dispatch = EventTarget.prototype.dispatchEvent;
  const listen = EventTarget.prototype.addEventListener;
  const unlisten = EventTarget.prototype.removeEventListener;
  const now = performance.now.bind(performance);
  const { stringify } = JSON;
  const Carrier = MouseEvent; // an event that carries a node from one world to the other
  const LIMIT = 500;
  const report = globalThis[NAMES.report];
  delete globalThis[NAMES.report];
  let waiting = { __proto__: null, length: 0 };

  const tell = (name, details) => apply(dispatch, window, [new Carrier(name, details)]);
  const hand = (name, details) => {
    if (!waiting) tell(name, details);
    else if (waiting.length < LIMIT) waiting[waiting.length++] = { name, details };
  };

  let said = 0;
  const say = (event) => {
    if (!event.isTrusted || !report) return;
    const { type, timeStamp: ts, clientX: x, clientY: y, button, deltaX: dx, deltaY: dy } = event;
    const place = { x: x ?? 0, y: y ?? 0, dx: dx ?? 0, dy: dy ?? 0, button: button ?? 0 };
    if (type !== "wheel") said++;
    report(stringify({ __proto__: null, type, ts, now: now(), ...place }));
  };
  const SAID = ["pointerdown", "pointerup", "wheel", "keydown", "input"];
  for (const type of SAID) apply(listen, window, [type, say, { capture: true, passive: true }]);

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
      for (const type of SAID) apply(unlisten, window, [type, say, { capture: true }]);
      tell(NAMES.said, { __proto__: null, detail: said });
      const kept = waiting;
      waiting = null;
      for (let i = 0; i < kept.length; i++) tell(kept[i].name, kept[i].details);
    },
  ]);
  tell(NAMES.hello, { __proto__: null });
})(NAMES);
