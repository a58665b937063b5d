// What an event is really for, through shadow roots, and whether that is a secret.
const targets = (ask) => {
  // Returns the innermost element that an event is for, or null when it is inside a root we lack.
  const resolve = (event, byPoint) => {
    let target = event.composedPath()[0];
    if (target === window || target instanceof Document) target = document.documentElement;
    if (target instanceof Node && !(target instanceof Element)) target = target.parentElement;
    for (let root; target && (root = elements.closed.get(target)); ) {
      const inner = byPoint
        ? root.elementFromPoint(event.clientX, event.clientY)
        : root.activeElement;
      if (!inner || inner === target || !root.contains(inner)) break;
      target = inner;
    }
    return target ?? null;
  };

  const FOCUSABLE =
    "a[href],area[href],button,input,select,textarea,iframe,frame,summary,audio,video,body,html," +
    "[tabindex],[contenteditable]";

  const plain = new WeakSet(); // hosts of no root at all, as the browser told us

  // Returns whether what has the focus is inside a closed root of `element` that we do not know.
  const hidesFocus = (element) => {
    if (elements.rootOf(element) || element.getRootNode().activeElement !== element) return false;
    if (/object|embed|fencedframe/.test(element.localName)) return true;
    return !plain.has(element) && (!element.matches(FOCUSABLE) || element.localName.includes("-"));
  };

  let asked = -Infinity;
  // Covers the host of a root that nobody has shown us, and asks for the root.
  const hide = (host) => {
    secrets.veil(host);
    if (performance.now() - asked > 1000) {
      asked = performance.now();
      ask();
    }
    return "unknown";
  };

  // The recorder brackets its search for closed roots with these.
  let searched = [];
  const search = () => (searched = secrets.veiledHosts());
  const searchEnds = () => {
    for (const host of searched) {
      secrets.unveil(host);
      plain.add(host);
    }
  };

  const judge = (element) => {
    if (secrets.isField(element)) return secrets.check(element) ? "secret" : "";
    if (secrets.isSecret(element)) return "secret";
    return hidesFocus(element) ? hide(element) : "";
  };

  const describe = (element, secrecy = element && judge(element)) =>
    element && elements.describe(element, secrecy);

  return { resolve, judge, hide, describe, search, searchEnds };
};
