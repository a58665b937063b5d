// What is written on a page and where, and which widgets it has: what a reader is to find in its picture.
() => {
  const WIDGETS =
    "button, input, select, textarea, [role=button], [role=tab], [role=checkbox], [role=radio], [role=slider], img, svg, canvas";
  const INPUTS = {
    button: "button", submit: "button", reset: "button", image: "button", checkbox: "checkbox",
    radio: "radio", range: "slider",
  };
  const TAGS = { BUTTON: "button", SELECT: "combobox", TEXTAREA: "textbox", IMG: "image", SVG: "image", CANVAS: "image" };
  const HIDDEN = new Set(["hidden", "color", "file"]);

  const role = (element) =>
    element.getAttribute("role") ??
    (element.tagName === "INPUT" ? (INPUTS[element.type] ?? "textbox") : TAGS[element.tagName.toUpperCase()]);

  const states = (element) => {
    const says = (name) => element.getAttribute(`aria-${name}`) === "true";
    const found = [];
    if (element.checked || says("checked")) found.push("checked");
    if (element.disabled || says("disabled")) found.push("disabled");
    if (document.activeElement === element) found.push("focused");
    if (element.tagName === "TEXTAREA") found.push("multiline");
    if (says("selected")) found.push("selected");
    return found;
  };

  const onTop = (x, y, wanted) => {
    const hit = document.elementFromPoint(x, y);
    return !!hit && (hit === wanted || wanted.contains(hit) || hit.contains(wanted));
  };

  // what a text's own element holds besides the text may lie over it
  const isWritten = (x, y, parent) =>
    !isCutOff(x, y, parent) && (document.elementFromPoint(x, y)?.contains(parent) ?? false);

  // what goes beyond its box is not seen, though something around it is there
  const isCutOff = (x, y, parent) => {
    for (let each = parent; each && each !== document.body; each = each.parentElement) {
      const { overflowX, overflowY, position } = getComputedStyle(each);
      const { left, top, right, bottom } = each.getBoundingClientRect();
      if (overflowX !== "visible" && (x < left || x > right)) return true;
      if (overflowY !== "visible" && (y < top || y > bottom)) return true;
      if (position === "fixed") return false;
    }
    return false;
  };

  const shown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  const widgets = [];
  const numbers = new Map();
  for (const element of document.querySelectorAll(WIDGETS)) {
    if (HIDDEN.has(element.type) || !shown(element) || !role(element)) continue;
    const { x, y, width, height } = element.getBoundingClientRect();
    if (width < 4 || height < 4 || x < -1 || y < -1) continue;
    if (!onTop(x + width / 2, y + height / 2, element)) continue;
    if (role(element) === "image" && element.closest("button, [role=button], [role=tab]")) continue;
    numbers.set(element, widgets.length);
    widgets.push([role(element), x, y, width, height, states(element)]);
  }

  const pen = document.createElement("canvas").getContext("2d");
  const ascents = new Map();
  const ascent = (style) => {
    const font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    if (!ascents.has(font)) {
      pen.font = font;
      const { fontBoundingBoxAscent, fontBoundingBoxDescent } = pen.measureText("x");
      ascents.set(font, fontBoundingBoxAscent / (fontBoundingBoxAscent + fontBoundingBoxDescent));
    }
    return ascents.get(font);
  };

  const words = [];
  const range = document.createRange();
  const add = (node, owner, style, isLink, sees) => {
    const size = parseFloat(style.fontSize);
    for (const match of node.data.matchAll(/\S+/g)) {
      let text = "";
      let edges = [];
      let line = null;
      const keep = () => {
        if (text && sees((edges[0] + edges.at(-1)) / 2, line - size / 3)) {
          words.push([text, line, size, isLink, owner, edges]);
        }
        [text, edges] = ["", []];
      };
      let place = match.index;
      for (const letter of match[0]) {
        range.setStart(node, place);
        range.setEnd(node, (place += letter.length));
        const rect = range.getClientRects()[0];
        if (!rect || !rect.width) continue;
        const baseline = rect.top + rect.height * ascent(style);
        if (line !== null && Math.abs(baseline - line) > 1) keep();
        line = baseline;
        text += letter;
        edges.push(rect.left, rect.right);
      }
      keep();
    }
  };

  // fields paint their text where no range can reach; the same text is laid out over them
  const bar = (element, { borderLeftWidth, borderRightWidth }) =>
    element.offsetWidth - element.clientWidth - parseFloat(borderLeftWidth) - parseFloat(borderRightWidth);
  const COPIED = ["fontFamily", "fontSize", "fontWeight", "fontStyle", "letterSpacing", "wordSpacing", "direction"];
  const mirror = (element) => {
    const isSelect = element.tagName === "SELECT";
    const isSecret = element.type === "password";
    const said = isSelect ? (element.selectedOptions[0]?.text ?? "") : element.value || element.placeholder || "";
    const text = isSecret && element.value ? "•".repeat(said.length) : said;
    if (!text || role(element) === "checkbox" || role(element) === "radio" || role(element) === "slider") return;
    const style = getComputedStyle(element);
    const frame = element.getBoundingClientRect();
    const inner = document.createElement("div");
    const edge = (side) => parseFloat(style[`border${side}Width`]) + parseFloat(style[`padding${side}`]);
    const isMany = element.tagName === "TEXTAREA";
    for (const name of COPIED) inner.style[name] = style[name];
    Object.assign(inner.style, {
      position: "fixed", margin: 0, padding: 0, border: 0, boxSizing: "border-box", opacity: 0,
      left: `${frame.left + edge("Left") - element.scrollLeft + (isSelect ? 4 : 0)}px`,
      top: `${frame.top + edge("Top") - element.scrollTop}px`,
      // a bar to scroll with takes some of it
      width: `${frame.width - edge("Left") - edge("Right") - (isMany ? bar(element, style) : 0)}px`,
      height: `${frame.height - edge("Top") - edge("Bottom")}px`,
      whiteSpace: isMany ? "pre-wrap" : "pre",
      lineHeight: isMany ? style.lineHeight : `${frame.height - edge("Top") - edge("Bottom")}px`,
      textAlign: role(element) === "button" ? "center" : "start",
      overflow: isMany ? "visible" : "hidden", overflowWrap: isMany ? "break-word" : "normal", pointerEvents: "none", zIndex: 2147483647,
    });
    inner.textContent = text;
    document.body.append(inner);
    const sees = (x, y) =>
      x < frame.right - 2 && y < frame.bottom && y > frame.top && onTop(x, y, element);
    add(inner.firstChild, numbers.get(element) ?? -1, getComputedStyle(inner), false, sees);
    inner.remove();
  };

  const SKIPPED = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TITLE", "OPTION", "TEXTAREA"]);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) nodes.push(node);
  for (const node of nodes) {
    const parent = node.parentElement;
    if (!node.data.trim() || SKIPPED.has(parent.tagName) || !shown(parent)) continue;
    const owner = numbers.get(parent.closest(WIDGETS)) ?? -1;
    const style = getComputedStyle(parent);
    const isLink = owner < 0 && (!!parent.closest("a") || style.cursor === "pointer" || style.textDecorationLine === "underline");
    add(node, owner, style, isLink, (x, y) => isWritten(x, y, parent));
  }
  for (const element of document.querySelectorAll("input, select, textarea")) {
    if (shown(element) && !HIDDEN.has(element.type)) mirror(element);
  }
  return { words, widgets };
}
