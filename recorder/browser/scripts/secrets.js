// What must not be told: decided here, inside the page, before anything leaves it.
const secrets = (() => {
  const WORDS = new Set(
    ("pass password passwd pwd passphrase passcode passwort kennwort senha contrasena contraseña " +
      "mdp otp totp hotp mfa 2fa tfa cvv cvv2 cvc cvc2 csc cvn pin ssn secret token iban tan").split(" "),
  );
  const PARTS = [
    "password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "motdepasse", "пароль",
    "密码", "パスワード", "onetime", "cardnumber", "cardnum", "cardno", "creditcard", "debitcard",
    "securitycode", "verificationcode", "verifycode", "authcode", "accesscode", "recoverycode",
    "backupcode", "confirmationcode", "smscode", "apikey", "privatekey", "secretkey",
    "accountnumber", "socialsecurity", "taxid", "seedphrase", "twofactor",
  ];
  const AUTOCOMPLETE = /^(current-password|new-password|one-time-code|cc-.+)$/;
  const isTrusted = () =>
    NAMES.trusted.some((d) => location.hostname === d || location.hostname.endsWith(`.${d}`));
  const UNTYPED = new Set(
    "button submit reset image checkbox radio range color file hidden".split(" "),
  );
  const SHORTEST = 3; // shorter values are found in any text
  const REMEMBERED = 64;

  const ever = new WeakSet(); // once secret, always secret: a show-password button changes nothing
  const names = new Set(); // name and id of each, since frameworks put a new node in its place
  const mirrors = new WeakSet(); // elements that show the value of a secret field
  const pasted = new WeakSet();
  const fields = new Set();
  const live = new Set();
  const reveals = new Set();
  const veiled = new Set(); // hosts of a closed root that nobody has shown us yet
  let past = [];

  const isField = (node) =>
    node instanceof HTMLInputElement
      ? !UNTYPED.has(node.type)
      : node instanceof HTMLTextAreaElement || (node instanceof HTMLElement && node.isContentEditable);

  const valueOf = (field) => field.value ?? field.textContent ?? "";

  const sensitive = (text) => {
    const words = text
      .replace(/([a-zà-ÿ])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean);
    const joined = words.join("");
    return words.some((word) => WORDS.has(word)) || PARTS.some((part) => joined.includes(part));
  };

  const labels = (field) => {
    const found = [...(field.labels ?? [])].map((label) => label.textContent);
    const ids = (field.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    for (const id of ids) found.push(field.getRootNode().getElementById?.(id)?.textContent);
    const before = field.previousElementSibling ?? field.parentElement?.previousElementSibling;
    if (before && !before.querySelector("input,textarea") && !isField(before)) {
      found.push(before.textContent);
    }
    return found.filter((text) => text && text.length < 80);
  };

  const hinted = (field) =>
    ["name", "id", "placeholder", "aria-label", "title", "autocomplete", "data-testid"]
      .map((attribute) => field.getAttribute(attribute) ?? "")
      .concat(labels(field))
      .some(sensitive);

  const oneOfManyBoxes = (field) => {
    if (field.maxLength !== 1) return false;
    const group = field.form ?? field.parentElement?.parentElement ?? field.getRootNode();
    return group.querySelectorAll('input[maxlength="1"]').length >= 3;
  };

  const looksSecret = (field) =>
    field.type === "password" ||
    (field.getAttribute("autocomplete") ?? "")
      .toLowerCase()
      .split(/\s+/)
      .some((token) => AUTOCOMPLETE.test(token)) ||
    names.has(`name ${field.getAttribute("name")}`) ||
    names.has(`id ${field.getAttribute("id")}`) ||
    oneOfManyBoxes(field) ||
    hinted(field) ||
    !["none", ""].includes(getComputedStyle(field).webkitTextSecurity ?? "none");

  const remember = (field) => {
    const value = valueOf(field);
    if (value.length < SHORTEST || past.includes(value)) return;
    // what is typed key by key leaves only its longest form
    past = past.filter((old) => !value.startsWith(old)).concat(value).slice(-REMEMBERED);
  };

  const mark = (field) => {
    ever.add(field);
    live.add(field);
    for (const attribute of ["name", "id"]) {
      const found = field.getAttribute(attribute);
      if (found) names.add(`${attribute} ${found}`);
    }
    remember(field);
  };

  const values = () => {
    const now = [...live].map(valueOf).filter((value) => value.length >= SHORTEST);
    return [...new Set([...now, ...past])];
  };

  // Returns whether the text gives a secret away.
  const tells = (text) =>
    live.size + past.length > 0 &&
    text.length >= SHORTEST &&
    values().some((value) => text.includes(value));

  const copies = (field) => tells(valueOf(field));

  const check = (field) => {
    if (ever.has(field)) return true;
    if (isTrusted()) return false;
    if (!copies(field) && !looksSecret(field)) return false;
    mark(field);
    return true;
  };

  const mirror = (node) => {
    const element = node instanceof Element ? node : node.parentElement;
    if (element && !mirrors.has(element)) {
      mirrors.add(element);
      reveals.add(element);
    }
  };

  // Marks every element under `node` that shows a secret in text of its own.
  const findMirrors = (node) => {
    if (!live.size && !past.length) return;
    if (!tells(node.textContent ?? "")) return;
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    let whole = true;
    for (let text = walker.currentNode; text; text = walker.nextNode()) {
      if (text.nodeType !== Node.TEXT_NODE || !tells(text.data)) continue;
      mirror(text);
      whole = false;
    }
    if (whole) mirror(node); // split over several text nodes
  };

  const gone = (element) => !element.isConnected;

  return {
    isField,
    check,
    mark,
    remember,
    tells,
    findMirrors,
    isSecret: (element) => ever.has(element) || mirrors.has(element),
    paste: (field) => pasted.add(field),
    wasPasted: (field) => pasted.has(field),
    clean: (text, length = 200) => (tells(text) ? "" : text.slice(0, length)),
    // Returns the elements to cover, forgetting those that left the document.
    covered() {
      for (const field of fields) {
        if (gone(field)) fields.delete(field);
        else if (!ever.has(field) && this.any() && copies(field)) mark(field);
      }
      for (const field of live) if (gone(field)) (remember(field), live.delete(field));
      for (const set of [reveals, veiled]) {
        for (const element of set) if (gone(element)) set.delete(element);
      }
      return [...live, ...reveals, ...veiled];
    },
    watch(field) {
      fields.add(field);
      if (check(field)) live.add(field);
    },
    veil: (host) => veiled.add(host),
    veiledHosts: () => [...veiled],
    unveil: (host) => veiled.delete(host),
    any: () => live.size > 0 || reveals.size > 0 || veiled.size > 0,
  };
})();
