// A mask that is drawn over a picture with the pointer.
import { el } from "./dom.js";

const smallest = 0.02; // of the brush, as a share of the picture's width
const colour = "#ff3ea5";

// maskCanvas shows a picture to draw on. file() is a PNG of the strokes on transparent, in the picture's size, or null
// while nothing is drawn.
export function maskCanvas(address) {
  const canvas = el("canvas", { "aria-label": "Draw where the picture changes" });
  const image = el("img", { src: address, alt: "", draggable: false, onload: () => {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
  } });
  const brush = el("input", { type: "range", min: 1, max: 10, value: 4, "aria-label": "Brush" });
  let drawn = false;
  let last = null;
  const stroke = (e) => {
    const box = canvas.getBoundingClientRect();
    const at = { x: (e.clientX - box.left) / box.width * canvas.width, y: (e.clientY - box.top) / box.height * canvas.height };
    const g = canvas.getContext("2d");
    Object.assign(g, { strokeStyle: colour, lineCap: "round", lineJoin: "round",
      lineWidth: Math.max(1, canvas.width * smallest * brush.value) });
    g.beginPath();
    g.moveTo((last || at).x, (last || at).y);
    g.lineTo(at.x, at.y);
    g.stroke();
    last = at;
    drawn = true;
  };
  canvas.addEventListener("pointerdown", (e) => {
    canvas.setPointerCapture(e.pointerId);
    last = null;
    stroke(e);
  });
  canvas.addEventListener("pointermove", (e) => e.buttons && last && stroke(e));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
  const clear = () => {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    drawn = false;
  };
  const node = el("div", { className: "mask" }, el("div", { className: "stage" }, image, canvas),
    el("div", { className: "brushes" }, el("label", {}, "Brush ", brush),
      el("button", { className: "button secondary", type: "button", onclick: clear }, "Clear")));
  const file = () => new Promise((done) => {
    if (!drawn) return done(null);
    canvas.toBlob((blob) => done(new File([blob], "mask.png", { type: "image/png" })), "image/png");
  });
  return { node, file };
}

// firstPicture is the address of the first picture of a message; undefined if it has none.
export function firstPicture(m) {
  const inside = (list) => {
    for (const c of list || []) {
      const found = c.items?.[0]?.media.url || inside(c.components);
      if (found) return found;
    }
  };
  return m && (m.attachments?.find((a) => a.content_type?.startsWith("image/") || a.width)?.url || inside(m.components));
}
