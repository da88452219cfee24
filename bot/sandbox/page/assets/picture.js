// The pictures of a message: one large, or several in a grid. Spoilers are covered. A click opens the lightbox.
import { el, byId } from "./dom.js";

const revealed = new Set(); // the ids of spoilers that the user uncovered
const links = new Map(); // the first address of each attachment; later ones differ only in their signature

const address = (a) => {
  if (!links.has(a.id)) links.set(a.id, a.url);
  return links.get(a.id);
};

export function pictures(attachments, old) {
  const list = attachments.filter((a) => a.width);
  if (!list.length) return null;
  const before = [...(old?.querySelectorAll(".picture img") || [])].map((img) => img.src);
  const grid = el("div", { className: list.length === 1 ? "pictures one" : "pictures many" });
  list.forEach((a, i) => grid.append(picture(a, i, list, before[i])));
  return grid;
}

function picture(a, i, list, before) {
  const img = el("img", { alt: a.description || a.filename, width: a.width, height: a.height, draggable: false });
  const src = new URL(address(a), location.href).href;
  if (before && before !== src) showUntilLoaded(img, before);
  img.src = src;
  const covered = a.is_spoiler && !revealed.has(a.id);
  const node = el("button", { className: covered ? "picture covered" : "picture" }, img);
  node.style.setProperty("--ratio", `${a.width} / ${a.height}`);
  const isCovered = () => node.classList.contains("covered");
  const setLabel = () =>
    node.setAttribute("aria-label", `${isCovered() ? "Show spoiler" : "Open picture"} ${i + 1}: ${a.filename}`);
  setLabel();
  node.addEventListener("click", () => {
    if (!isCovered()) return lightbox(list, i, node);
    revealed.add(a.id);
    node.classList.remove("covered");
    setLabel();
  });
  return node;
}

// showUntilLoaded shows the picture that img replaces until img has loaded.
function showUntilLoaded(img, before) {
  img.style.backgroundImage = `url("${before}")`;
  img.addEventListener("load", () => (img.style.backgroundImage = ""), { once: true });
}

const swipe = 40; // pixels that a finger moves sideways for the next picture, at least

// lightbox shows the pictures of a message in full size, first the one at index at. opener gets the focus back.
function lightbox(list, at, opener) {
  const img = el("img", { alt: "" });
  const caption = el("span");
  const original = el("a", { target: "_blank", rel: "noopener" }, "Open original");
  const save = el("a", {}, "Save");
  const show = (n) => {
    at = (n + list.length) % list.length;
    const a = list[at];
    Object.assign(img, { src: address(a), alt: a.description || a.filename });
    img.classList.toggle("small", a.width < 512);
    caption.textContent = [a.filename, `${a.width}×${a.height}`, list.length > 1 && `${at + 1} of ${list.length}`]
      .filter(Boolean).join(" · ");
    original.href = save.href = address(a);
    save.download = a.filename;
  };
  const box = el("dialog", { className: "lightbox", "aria-label": "Picture" }, img,
    el("footer", {}, caption, original, save,
      el("button", { className: "plain", onclick: () => box.close() }, "Close")));
  if (list.length > 1) {
    box.prepend(arrow("previous", "Previous picture", "‹", () => show(at - 1)));
    box.append(arrow("next", "Next picture", "›", () => show(at + 1)));
  }
  box.addEventListener("click", (e) => e.target === box && box.close());
  box.addEventListener("keydown", (e) => {
    if (e.key === "ArrowLeft") show(at - 1);
    if (e.key === "ArrowRight") show(at + 1);
  });
  let began = null; // where a finger touched the picture
  box.addEventListener("touchstart", (e) => (began = e.touches.length === 1 ? e.touches[0] : null), { passive: true });
  box.addEventListener("touchend", (e) => {
    const ended = e.changedTouches[0];
    const by = began ? ended.clientX - began.clientX : 0;
    if (Math.abs(by) > swipe && Math.abs(by) > 2 * Math.abs(ended.clientY - began.clientY)) show(by > 0 ? at - 1 : at + 1);
  });
  box.addEventListener("close", () => {
    box.remove();
    opener.focus();
  });
  show(at);
  byId("app").append(box);
  box.showModal();
}

const arrow = (className, label, text, onclick) =>
  el("button", { className: `arrow ${className}`, "aria-label": label, onclick }, text);
