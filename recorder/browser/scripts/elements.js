// What is on the page: roles, names, boxes, states and ways to find an element again.
const elements = (() => {
  const ROLES = {
    A: "link", BUTTON: "button", SELECT: "combobox", TEXTAREA: "textbox", IMG: "image", H1: "heading",
    H2: "heading", H3: "heading", H4: "heading", H5: "heading", H6: "heading", LI: "listitem",
    OPTION: "option", TD: "cell", TH: "columnheader", P: "paragraph", LABEL: "label", SUMMARY: "button",
    DIALOG: "dialog", IFRAME: "iframe", PROGRESS: "progressbar", METER: "meter", VIDEO: "video",
    CANVAS: "canvas", SVG: "image", NAV: "navigation", MAIN: "main", FORM: "form", TABLE: "table",
  };
  const INPUT_ROLES = {
    button: "button", submit: "button", reset: "button", image: "button", checkbox: "checkbox",
    radio: "radio", range: "slider", number: "spinbutton", search: "searchbox",
  };
  const ACTIVE = "a[href],button,input,select,textarea,summary,[role],[tabindex],[contenteditable],[onclick]";
  const URL_OF = /^url\("([^"]*)"\)/;
  const LIMIT = 1500;

  const closed = new WeakMap(); // host → its closed root, as the page's own world told us
  const rootOf = (host) => host.shadowRoot ?? closed.get(host) ?? null;

  let known = null; // what was worked out of each node of the snapshot that is being taken
  const remembered = (work) => {
    const key = Symbol();
    return (element) => {
      if (!known) return work(element);
      const found = (known[key] ??= new Map());
      if (!found.has(element)) found.set(element, work(element, found));
      return found.get(element);
    };
  };

  // The address of the picture that an element shows in place of text or parts of its own.
  const picture = remembered((element) => {
    if (element instanceof HTMLImageElement) return element.currentSrc || element.src;
    const { content, backgroundImage } = getComputedStyle(element);
    const isBare = !element.firstElementChild && !element.textContent.trim();
    return (URL_OF.exec(content) ?? (isBare ? URL_OF.exec(backgroundImage) : null))?.[1] ?? "";
  });
  // What its file is called: all that there is to call a picture that nobody gave a name.
  const fileName = (url) => {
    const [, stem = ""] = /([^/]*)\.\w+$/.exec(url.replace(/[?#].*/, "")) ?? [];
    // that of a sheet of icons says nothing
    return /^[a-z][a-z_-]*\d?$/i.test(stem) ? stem.replace(/[-_]+/g, " ") : "";
  };

  const ownRole = (element) =>
    element.getAttribute("role")?.split(" ")[0] ||
    (element instanceof HTMLInputElement
      ? (INPUT_ROLES[element.type] ?? "textbox")
      : (ROLES[element.tagName.toUpperCase()] ?? (element.isContentEditable ? "textbox" : "generic")));
  const role = (element) => {
    const own = ownRole(element);
    return own === "generic" && picture(element) ? "image" : own;
  };

  const ownText = (element) => {
    let text = "";
    for (let node = element.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === Node.TEXT_NODE) text += node.data;
    }
    return text && text.replace(/\s+/g, " ").trim();
  };
  const allText = (element) => (element.innerText ?? "").replace(/\s+/g, " ").trim();

  const labelText = (element) => {
    const root = element.getRootNode();
    const ids = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const pointed = ids.map((id) => root.getElementById?.(id)?.textContent ?? "").join(" ");
    return pointed || [...(element.labels ?? [])].map((label) => label.textContent).join(" ");
  };

  const name = (element, kind) => {
    const isButton = element instanceof HTMLInputElement && INPUT_ROLES[element.type] === "button";
    const named =
      element.getAttribute("aria-label") ||
      labelText(element) ||
      element.getAttribute("alt") ||
      (isButton ? element.value : "") ||
      element.getAttribute("placeholder") ||
      element.getAttribute("title") ||
      (/^(link|button|option|tab|menuitem|heading|checkbox|radio)$/.test(kind) ? allText(element) : "") ||
      (kind === "image" && !element.hasAttribute("alt") ? fileName(picture(element)) : "");
    return secrets.clean(named.replace(/\s+/g, " ").trim(), 120);
  };

  const box = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height];
  };

  const states = (element, secrecy) => {
    const found = secrecy ? [secrecy] : [];
    const aria = (attribute) => element.getAttribute(`aria-${attribute}`) === "true";
    if (element.checked || aria("checked")) found.push("checked");
    if (element.disabled || aria("disabled")) found.push("disabled");
    if (aria("expanded") || element.open === true) found.push("expanded");
    if (element.getRootNode().activeElement === element) found.push("focused");
    if (element instanceof HTMLTextAreaElement || aria("multiline")) found.push("multiline");
    if (element.readOnly || aria("readonly")) found.push("readonly");
    if (element.required || aria("required")) found.push("required");
    if ((element instanceof HTMLOptionElement && element.selected) || aria("selected")) {
      found.push("selected");
    }
    return found.sort();
  };

  const position = remembered((element, found) => {
    let index = 1;
    let sibling = element;
    while ((sibling = sibling.previousElementSibling)) {
      if (sibling.localName !== element.localName) continue;
      if (found?.has(sibling)) return found.get(sibling) + index;
      index++;
    }
    return index;
  });

  const only = (root, selector) => {
    try {
      return root.querySelectorAll(selector).length === 1;
    } catch {
      return false;
    }
  };

  const css = (element) => {
    const root = element.getRootNode();
    for (const attribute of ["id", "data-testid", "name"]) {
      const found = element.getAttribute(attribute);
      if (!found) continue;
      const selector = `${element.localName}[${attribute}="${CSS.escape(found)}"]`;
      // the same, but found without looking through the page
      const sought = attribute === "id" ? `${element.localName}#${CSS.escape(found)}` : selector;
      if (only(root, sought)) return selector;
    }
    const parts = [];
    for (let node = element; node instanceof Element; node = node.parentElement) {
      parts.unshift(`${node.localName}:nth-of-type(${position(node)})`);
    }
    return parts.join(" > ");
  };

  const xpath = (element) => {
    let path = "";
    for (let node = element; node instanceof Element; node = node.parentElement) {
      path = `/${node.localName}[${position(node)}]${path}`;
    }
    return path;
  };

  // Returns the way to an element through the shadow roots around it.
  const pierced = (element) => {
    const root = element.getRootNode();
    return root instanceof ShadowRoot ? `${pierced(root.host)} >>> ${css(element)}` : css(element);
  };

  const selectors = (element, kind, named) => {
    const found = [pierced(element)];
    if (named) found.push(`role=${kind}[name=${JSON.stringify(named)}]`);
    if (!(element.getRootNode() instanceof ShadowRoot)) found.push(`xpath=${xpath(element)}`);
    return found.map((selector) => secrets.clean(selector, 300)).filter(Boolean);
  };

  const value = (element, secrecy) => {
    if (secrecy || secrets.wasPasted(element)) return "";
    if (element instanceof HTMLInputElement && INPUT_ROLES[element.type]) {
      return ["range", "number", "search"].includes(element.type) ? element.value : "";
    }
    const found = element.isContentEditable ? element.textContent : element.value;
    return typeof found === "string" ? secrets.clean(found, 500) : "";
  };

  const describe = (element, secrecy) => {
    const kind = role(element);
    const named = name(element, kind);
    return {
      role: kind,
      name: named,
      box: box(element),
      text: secrecy ? "" : secrets.clean(ownText(element)),
      value: value(element, secrecy),
      states: states(element, secrecy),
      selectors: selectors(element, kind, named),
    };
  };

  const inView = ([x, y, width, height]) =>
    width > 0 && height > 0 && x < innerWidth && y < innerHeight && x + width > 0 && y + height > 0;

  const shown = (element) =>
    element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true;

  // A picture that a style draws: an icon that is pressed, unless it is but part of a button.
  const isDrawn = (element) => fileName(picture(element)) !== "" && !element.closest(ACTIVE);

  const wanted = (element) =>
    element.matches(ACTIVE) ||
    ownText(element) !== "" ||
    element instanceof HTMLImageElement ||
    isDrawn(element);

  // Returns every visible element that can be read or acted on, shadow trees included.
  const snapshot = (judge) => {
    const found = [
      { role: "document", name: secrets.clean(document.title), box: [0, 0, innerWidth, innerHeight] },
    ];
    const visit = (root) => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
      for (let node = walker.nextNode(); node && found.length < LIMIT; node = walker.nextNode()) {
        const inner = rootOf(node);
        if (inner) visit(inner);
        if (wanted(node) && inView(box(node)) && shown(node)) found.push(describe(node, judge(node)));
      }
    };
    known = {};
    try {
      visit(document);
    } finally {
      known = null;
    }
    return found;
  };

  return { closed, rootOf, describe, snapshot, box, inView };
})();
