// Virtual time for one window: its timers, animation frames and dates move only when told to.
const makeClock = (view, epoch) => {
  const FRAME_MS = 16;
  const MOST_CALLS = 100000; // a page that never stops setting timers must not hang us
  const Real = view.Date;
  const timers = new Map(); // insertion order breaks ties
  let now = 0;
  let last = 0;

  const add = (call, at, every) => {
    timers.set(++last, { call, at, every });
    return last;
  };
  const remove = (id) => void timers.delete(id);
  // text as a handler would need eval, which task pages are not given
  const callable = (handler, values) => () => handler.apply(view, values);
  const delay = (ms) => Math.max(1, Math.floor(Number(ms)) || 0);

  function FakeDate(...parts) {
    const found = parts.length ? new Real(...parts) : new Real(epoch + now);
    return new.target ? found : found.toString();
  }
  Object.setPrototypeOf(FakeDate, Real);
  FakeDate.prototype = Real.prototype;
  FakeDate.prototype.constructor = FakeDate;
  FakeDate.now = () => epoch + now;

  Object.assign(view, {
    Date: FakeDate,
    setTimeout: (handler, ms, ...values) => add(callable(handler, values), now + delay(ms), 0),
    setInterval: (handler, ms, ...values) =>
      add(callable(handler, values), now + delay(ms), delay(ms)),
    clearTimeout: remove,
    clearInterval: remove,
    requestAnimationFrame: (handler) => {
      const at = (Math.floor(now / FRAME_MS) + 1) * FRAME_MS;
      return add(() => handler.call(view, at), at, 0);
    },
    cancelAnimationFrame: remove,
    requestIdleCallback: (handler) =>
      add(() => handler({ didTimeout: false, timeRemaining: () => 10 }), now + 1, 0),
    cancelIdleCallback: remove,
  });
  view.performance.now = () => now;

  const earliest = (until, counts = () => true) => {
    let found = null;
    for (const [id, timer] of timers) {
      const isEarlier = timer.at <= until && (!found || timer.at < found.at);
      if (isEarlier && counts(timer)) found = { id, ...timer };
    }
    return found;
  };

  // Lets `ms` pass; promises settle between one timer and the next, as they do in real time.
  const runFor = async (ms) => {
    const until = now + ms;
    for (let calls = 0, next; calls < MOST_CALLS && (next = earliest(until)); calls++) {
      now = next.at;
      if (next.every) timers.get(next.id).at += next.every;
      else timers.delete(next.id);
      try {
        next.call();
      } catch (error) {
        view.reportError?.(error);
      }
      await null;
    }
    now = until;
  };

  // Returns how long until the next call that comes within `ms`, null where none does; what recurs
  // more slowly, as clocks do, is nobody's to wait for.
  const due = (ms) => {
    const SLOW_MS = 250;
    const next = earliest(now + ms, (timer) => timer.every < SLOW_MS);
    return next && next.at - now;
  };

  return { runFor, due, now: () => now };
};
