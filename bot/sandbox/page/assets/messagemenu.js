// The menu of a message: the message commands of the bot. A right click, a button on the message, or the keys for
// context menus open it.
import { el } from "./dom.js";

// openMessageMenu shows the menu beside a point or below a button. commands have a name and a label; run gets the name
// of the chosen one.
// The focus goes back to where it was.
export function openMessageMenu(commands, at, run) {
  const back = document.activeElement;
  const items = commands.map(({ name, label }) =>
    el("button", { role: "menuitem", tabIndex: -1, onclick: () => choose(name) }, label));
  const menu = el("div", { className: "message-menu", role: "menu", "aria-label": "Message commands" }, ...items);
  let open = true; // to remove what has the focus moves the focus
  const close = () => {
    if (!open) return;
    open = false;
    removeEventListener("pointerdown", outside, true);
    menu.remove();
    back?.focus();
  };
  const outside = (e) => menu.contains(e.target) || close();
  const choose = (name) => {
    close();
    run(name);
  };
  menu.addEventListener("keydown", (e) => onKey(e, items, close));
  menu.addEventListener("focusout", (e) => menu.contains(e.relatedTarget) || close());
  addEventListener("pointerdown", outside, true);
  document.body.append(menu);
  place(menu, at);
  items[0].focus();
}

function onKey(e, items, close) {
  const now = items.indexOf(document.activeElement);
  const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 }[e.key];
  if (e.key === "Escape" || e.key === "Tab") close();
  else if (to !== undefined) items[(to + items.length) % items.length].focus();
  else return;
  e.preventDefault();
  e.stopPropagation();
}

// place keeps the menu inside the window.
function place(menu, { x, y }) {
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
}
