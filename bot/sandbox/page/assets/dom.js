// el makes an element. Props that start with "on" are listeners; "aria-…", "data-…", "role" and "for" are attributes;
// the others are properties. Text becomes text nodes only, so that nothing that a user typed becomes markup.
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false && name.includes("-")) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role" || name === "for") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

// fill replaces the children of an element.
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

// toast shows a text for a few seconds.
export function toast(text) {
  const note = el("p", { className: "toast" }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

// hue returns a colour for a name, in degrees.
export function hue(text) {
  let n = 0;
  for (const c of text) n = (n * 31 + c.codePointAt(0)) % 360;
  return n;
}

// avatar is a round picture: the icon for the bot, the first letter for other users.
export function avatar(user) {
  const node = el("span", { className: user.bot ? "avatar bot" : "avatar", "aria-hidden": "true" });
  if (!user.bot) {
    const name = user.global_name || user.username || user.name || "?";
    node.textContent = name[0].toUpperCase();
    node.style.setProperty("--hue", hue(name));
  }
  return node;
}

// size formats a number of bytes.
export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1 << 20) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

// composing tells whether a key belongs to an input method, with which people write Chinese, Japanese or Korean: its
// Enter, Tab, arrows and Escape are no commands of the page. Safari sends the last Enter with 229 and no isComposing.
export const composing = (e) => e.isComposing || e.keyCode === 229;
