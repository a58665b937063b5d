// Keeps drags exact: a browser scrolls a box that a selection is dragged out of, on real time.
// Here boxes stay where they were while a button is held, and what is selected is what lies between
// press and release.
const steadyDrags = (view) => {
  const page = view.document;
  let pressed = null; // where a button went down; disabled fields hear of pointers, not of mice
  let isPrevented = false;
  let drag = null; // where it began, and how the boxes around it were scrolled

  const caret = ({ clientX, clientY }) => page.caretPositionFromPoint(clientX, clientY);
  const scrolls = (box) =>
    box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth;
  const restore = () => {
    for (const [box, left, top] of drag?.boxes ?? []) {
      if (box.scrollLeft !== left) box.scrollLeft = left;
      if (box.scrollTop !== top) box.scrollTop = top;
    }
  };

  const select = (from, to) => {
    const field = from.offsetNode;
    if ("selectionStart" in field) {
      const isAfter = to.offsetNode !== field && page.activeElement === field;
      const end = isAfter ? field.value.length : to.offset;
      field.setSelectionRange(Math.min(from.offset, end), Math.max(from.offset, end));
      return;
    }
    page.getSelection().setBaseAndExtent(from.offsetNode, from.offset, to.offsetNode, to.offset);
  };

  const begun = ({ target, from }) => {
    const boxes = [];
    for (let box = target; box; box = box.parentElement) {
      if (scrolls(box)) boxes.push([box, box.scrollLeft, box.scrollTop]);
    }
    return { from, boxes };
  };
  const end = (event) => {
    restore();
    const { from, boxes } = drag;
    drag = null;
    const to = caret(event);
    if (boxes.length && from && to && !isPrevented) select(from, to);
  };

  const listen = (type, does) => view.addEventListener(type, does, true);
  const onRelease = (event) => {
    view.removeEventListener("pointermove", onMove, true);
    if (drag) end(event);
  };
  const onMove = (event) => {
    if (event.buttons) drag ??= begun(pressed);
    else onRelease(event); // it came where nobody heard it
  };
  // moves are heard only while a button is held: else a page that does not listen needs none
  listen("pointerdown", (event) => {
    pressed = { target: event.target, from: caret(event) };
    listen("pointermove", onMove);
  });
  listen("pointerup", onRelease);
  listen("scroll", restore);
  listen("dragstart", (event) => event.preventDefault());
  view.addEventListener("mousedown", (event) => (isPrevented = event.defaultPrevented));
  listen("mousedown", () => (isPrevented = false));
};
