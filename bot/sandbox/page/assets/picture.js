// The pictures of a message: one large, several as a grid, spoilers covered,
// each opening in the lightbox.
import { el, byId } from "./dom.js";

const revealed = new Set(); // attachment ids
const links = new Map(); // the first address of an attachment: later ones differ only in their signature

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
  if (before && before !== src) develop(img, before);
  img.src = src;
  const covered = a.is_spoiler && !revealed.has(a.id);
  const node = el("button", { className: covered ? "picture covered" : "picture" }, img);
  node.style.setProperty("--ratio", `${a.width} / ${a.height}`);
  const name = () => node.setAttribute("aria-label", `${node.classList.contains("covered") ? "Show spoiler" : "Open picture"} ${i + 1}: ${a.filename}`);
  name();
  node.addEventListener("click", () => {
    if (!node.classList.contains("covered")) return lightbox(list, i, node);
    revealed.add(a.id);
    node.classList.remove("covered");
    name();
  });
  return node;
}

// develop shows the picture that is replaced until the new one has loaded, as
// a print comes up in the tray.
function develop(img, before) {
  img.style.backgroundImage = `url("${before}")`;
  img.addEventListener("load", () => (img.style.backgroundImage = ""), { once: true });
}

function lightbox(list, at, from) {
  const img = el("img", { alt: "" });
  const caption = el("span");
  const original = el("a", { target: "_blank", rel: "noopener" }, "Open original");
  const save = el("a", {}, "Save");
  const show = (n) => {
    at = (n + list.length) % list.length;
    const a = list[at];
    Object.assign(img, { src: address(a), alt: a.description || a.filename });
    img.classList.toggle("small", a.width < 512);
    caption.textContent = `${a.filename} · ${a.width}×${a.height}${list.length > 1 ? ` · ${at + 1} of ${list.length}` : ""}`;
    original.href = save.href = address(a);
    save.download = a.filename;
  };
  const box = el("dialog", { className: "lightbox", "aria-label": "Picture" }, img,
    el("footer", {}, caption, original, save, el("button", { className: "plain", onclick: () => box.close() }, "Close")));
  if (list.length > 1) {
    box.prepend(el("button", { className: "turn back", "aria-label": "Previous picture", onclick: () => show(at - 1) }, "‹"));
    box.append(el("button", { className: "turn on", "aria-label": "Next picture", onclick: () => show(at + 1) }, "›"));
  }
  box.addEventListener("click", (e) => e.target === box && box.close());
  box.addEventListener("keydown", (e) => {
    if (e.key === "ArrowLeft") show(at - 1);
    if (e.key === "ArrowRight") show(at + 1);
  });
  box.addEventListener("close", () => {
    box.remove();
    from.focus();
  });
  show(at);
  byId("app").append(box);
  box.showModal();
}
