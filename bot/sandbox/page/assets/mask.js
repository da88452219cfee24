// A mask that is drawn over a picture with the pointer or by keyboard.
import { el } from "./dom.js";

const smallest = 0.02; // of the brush, as a share of the picture's width
const colour = "#ff3ea5";
const step = 0.05; // of the arrow keys, as a share of the picture; with Shift a fifth of it
const keys = "Arrow keys move the brush, Space puts it down or lifts it, Backspace takes the last stroke back.";

// A Strokes draws on a canvas. Places are shares of the picture's width and height.
class Strokes {
  constructor(canvas) {
    Object.assign(this, { canvas, all: [], open: false, width: smallest });
  }

  // begin starts a stroke at a place, move draws on to another one, end lifts the brush.
  begin(at) {
    this.all.push({ width: this.width, points: [at] });
    this.open = true;
    this.draw();
  }

  move(at) {
    if (!this.open) return;
    this.all.at(-1).points.push(at);
    this.draw();
  }

  end() {
    this.open = false;
  }

  undo() {
    this.end();
    this.all.pop();
    this.draw();
  }

  clear() {
    this.end();
    this.all = [];
    this.draw();
  }

  draw() {
    const { width, height } = this.canvas;
    const g = this.canvas.getContext("2d");
    g.clearRect(0, 0, width, height);
    Object.assign(g, { strokeStyle: colour, lineCap: "round", lineJoin: "round" });
    for (const s of this.all) {
      g.lineWidth = Math.max(1, width * s.width);
      g.beginPath();
      g.moveTo(s.points[0].x * width, s.points[0].y * height + 0.01); // a line of no length would not be drawn
      for (const p of s.points) g.lineTo(p.x * width, p.y * height);
      g.stroke();
    }
  }
}

// maskCanvas shows a picture to draw on. file() is a PNG of the strokes on transparent, in the picture's size, or null
// while nothing is drawn.
export function maskCanvas(address) {
  const canvas = el("canvas", { tabIndex: 0, role: "application", "aria-label": "Draw where the picture changes",
    "aria-description": keys });
  const strokes = new Strokes(canvas);
  const image = el("img", { src: address, alt: "", draggable: false, onload: () => {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
  } });
  const brush = el("input", { type: "range", min: 1, max: 10, value: 4, "aria-label": "Brush",
    oninput: () => (strokes.width = smallest * brush.value) });
  strokes.width = smallest * brush.value;
  const cursor = el("i", { className: "cursor", hidden: true });
  const state = el("span", { className: "visually-hidden", role: "status" });
  drawWithPointer(canvas, strokes);
  drawByKeyboard(canvas, strokes, cursor, state);
  const button = (label, onclick) => el("button", { className: "button secondary", type: "button", onclick }, label);
  const node = el("div", { className: "mask" }, el("div", { className: "stage" }, image, canvas, cursor),
    el("div", { className: "brushes" }, el("label", {}, "Brush ", brush),
      button("Undo", () => strokes.undo()), button("Clear", () => strokes.clear())), el("small", {}, keys), state);
  const file = () => new Promise((done) => {
    if (!strokes.all.length) return done(null);
    canvas.toBlob((blob) => done(new File([blob], "mask.png", { type: "image/png" })), "image/png");
  });
  return { node, file };
}

function drawWithPointer(canvas, strokes) {
  const place = (e) => {
    const box = canvas.getBoundingClientRect();
    return { x: (e.clientX - box.left) / box.width, y: (e.clientY - box.top) / box.height };
  };
  canvas.addEventListener("pointerdown", (e) => {
    canvas.setPointerCapture(e.pointerId);
    strokes.begin(place(e));
  });
  canvas.addEventListener("pointermove", (e) => e.buttons && strokes.move(place(e)));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => strokes.end());
}

function drawByKeyboard(canvas, strokes, cursor, state) {
  const at = { x: 0.5, y: 0.5 };
  const show = () => {
    cursor.hidden = document.activeElement !== canvas || !canvas.matches(":focus-visible");
    Object.assign(cursor.style, { left: `${at.x * 100}%`, top: `${at.y * 100}%`, width: `${strokes.width * 100}%` });
    cursor.classList.toggle("down", strokes.open);
    if (cursor.hidden) return;
    state.textContent =
      `Brush ${strokes.open ? "down" : "up"}, ${Math.round(at.x * 100)} % from the left, ${Math.round(at.y * 100)} % from the top`;
  };
  const go = (x, y, fine) => {
    const far = fine ? step / 5 : step;
    at.x = Math.min(1, Math.max(0, at.x + x * far));
    at.y = Math.min(1, Math.max(0, at.y + y * far));
    strokes.move({ ...at });
  };
  const commands = {
    ArrowLeft: (fine) => go(-1, 0, fine), ArrowRight: (fine) => go(1, 0, fine),
    ArrowUp: (fine) => go(0, -1, fine), ArrowDown: (fine) => go(0, 1, fine),
    " ": () => (strokes.open ? strokes.end() : strokes.begin({ ...at })),
    Backspace: () => strokes.undo(), Delete: () => strokes.clear(),
  };
  canvas.addEventListener("keydown", (e) => {
    const command = commands[e.key];
    if (!command || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    command(e.shiftKey);
    show();
  });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", () => {
    strokes.end();
    show();
  });
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
