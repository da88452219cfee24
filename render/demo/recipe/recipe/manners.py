"""The styles: how a canvas fills shapes, draws their lines and finishes a picture.

All lengths are in points: a 128 x 128 picture is 128 points wide, one of 256 pixels is too (`zoom` is pixels per point).
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

LIGHT_NAMES = ("day", "sunset", "night")


@dataclass(frozen=True)
class Manner:
    """How much of the paper shines through the sky, the ground, the subject's colour and its fixed paints (0..1)."""

    sky: float = 0.0
    ground: float = 0.0
    main: float = 0.0
    fixed: float = 0.0
    line: float = 0.0  # half width of the line round every shape
    rim: float = 2.0  # width of the line round a whole subject
    rim_strength: float = 1.0
    glow: float = 0.0
    inked: bool = False  # lines are drawn in the ink, not in the shape's own colour
    paper: tuple = ((1.0, 1.0, 1.0),) * 3  # by day, at sunset, at night
    ink: tuple = ((0.13, 0.12, 0.20), (0.17, 0.09, 0.16), (0.96, 0.94, 0.84))


MANNERS = {
    "flat": Manner(),
    "outline": Manner(sky=1.0, ground=1.0, fixed=1.0, line=1.05, rim=1.8, inked=True,
                      paper=((0.94, 0.89, 0.78), (0.97, 0.74, 0.56), (0.13, 0.15, 0.30)),
                      ink=((0.16, 0.15, 0.22), (0.27, 0.10, 0.20), (0.93, 0.90, 0.78))),
    "watercolour": Manner(sky=0.30, ground=0.24, main=0.08, fixed=0.12, rim=1.3, rim_strength=0.75,
                          paper=((0.99, 0.98, 0.94), (0.99, 0.95, 0.90), (0.88, 0.89, 0.95)),
                          ink=((0.20, 0.20, 0.32), (0.28, 0.14, 0.24), (0.12, 0.12, 0.22))),
    "neon": Manner(sky=0.80, ground=0.92, main=0.62, fixed=0.9, line=1.3, rim=0.0, glow=0.55,
                   paper=((0.03, 0.13, 0.18), (0.24, 0.04, 0.16), (0.03, 0.02, 0.08)),
                   ink=((0.45, 0.90, 1.0), (1.0, 0.62, 0.80), (0.72, 0.66, 1.0))),
    "pixel art": Manner(rim=3.2),
    "blueprint": Manner(sky=1.0, ground=1.0, main=0.94, fixed=1.0, line=0.95, rim=1.7, inked=True,
                        paper=((0.14, 0.37, 0.70), (0.40, 0.24, 0.58), (0.05, 0.12, 0.30)),
                        ink=((0.92, 0.96, 1.0),) * 3),
    "stained glass": Manner(rim=3.0, ink=((0.05, 0.04, 0.06),) * 3),
}


def by_light(table: tuple, light: torch.Tensor) -> torch.Tensor:
    """Three colours by light: [n] -> [n,3,1,1]."""
    return torch.tensor(table, device=light.device)[light][:, :, None, None]


def bright(colour: torch.Tensor) -> torch.Tensor:
    """A colour at its full brightness, as a lamp shows it."""
    return 0.12 + 0.88 * colour / colour.amax(1, keepdim=True).clamp_min(0.05)


@dataclass
class Canvas:
    """Pictures [n,3,H,W] being painted in one manner, with the coordinates of their pixels in points."""

    manner: Manner
    light: torch.Tensor  # int64 [n]
    width: float
    height: float
    zoom: float
    picture: torch.Tensor = field(init=False)

    def __post_init__(self):
        device = self.light.device
        w, h = round(self.width * self.zoom), round(self.height * self.zoom)
        self.x = ((torch.arange(w, device=device) + 0.5) / self.zoom).view(1, 1, -1)
        self.y = ((torch.arange(h, device=device) + 0.5) / self.zoom).view(1, -1, 1)
        self.paper, self.ink = by_light(self.manner.paper, self.light), by_light(self.manner.ink, self.light)
        self.picture = self.paper.expand(-1, -1, h, w)

    def cover(self, distance, colour, strength=1.0):
        """Paints where distance [n,H,W] (points) is negative; edges one pixel soft."""
        part = (0.5 - distance * self.zoom).clamp(0, 1)[:, None] * strength
        self.picture = torch.lerp(self.picture, colour.expand_as(self.picture), part.expand_as(self.picture))

    def shape(self, distance, colour, wash):
        """A filled shape, with the line and the glow the manner gives it."""
        distance = distance.expand(-1, len(self.y[0]), len(self.x[0, 0]))
        self.cover(distance, torch.lerp(colour, self.paper, wash))
        if self.manner.line:
            self.stroke(distance.abs() - self.manner.line, colour)

    def ground(self, distance, colour):
        self.shape(distance, colour, self.manner.ground)

    def stroke(self, distance, colour):
        """A line of the manner's own colour: distance [n,H,W] is negative on the line."""
        distance = distance.expand(-1, len(self.y[0]), len(self.x[0, 0]))
        if self.manner.glow:
            halo = self.manner.glow * torch.exp(-distance.clamp_min(0) / 3.2)[:, None]
            self.picture = torch.maximum(self.picture, self.picture + halo * (bright(colour) - self.picture))
        self.cover(distance, self.pen(colour))

    def pen(self, colour):
        if self.manner.inked:
            return self.ink
        return bright(colour) if self.manner.glow else colour


def field_of(n: int, cells: int, height: int, width: int, g: torch.Generator, device) -> torch.Tensor:
    """Smooth noise in about -1..1: [n,1,height,width], with so many bumps across."""
    coarse = torch.rand(n, 1, cells, cells, generator=g).to(device) * 2 - 1
    return F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)


def watercolour(canvas: Canvas, g: torch.Generator) -> torch.Tensor:
    """Edges wander, pigment gathers along them and varies, and the paper stays white at the border."""
    picture, zoom = canvas.picture, canvas.zoom
    n, _, h, w = picture.shape
    noise = lambda cells: field_of(n, cells, h, w, g, picture.device)
    ys, xs = torch.meshgrid(torch.linspace(-1, 1, h, device=picture.device), torch.linspace(-1, 1, w, device=picture.device), indexing="ij")
    grid = torch.stack([xs, ys], -1)[None] + torch.cat([noise(11) * 4.4 / canvas.width, noise(11) * 4.4 / canvas.height], 1).permute(0, 2, 3, 1)
    picture = F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=True)
    reach = 2 * round(2 * zoom) + 1
    soft = F.avg_pool2d(F.pad(picture, (reach // 2,) * 4, mode="replicate"), reach, 1)
    picture = picture - 0.45 * (picture - soft).abs().mean(1, keepdim=True)
    picture = torch.lerp(picture, canvas.paper.expand_as(picture), (0.07 + 0.13 * noise(6)).clamp(0, 1))
    side = torch.minimum(torch.minimum(canvas.x, canvas.width - canvas.x), torch.minimum(canvas.y, canvas.height - canvas.y))
    border = ((5.0 - side[:, None] + 2.6 * noise(14)) / 1.8).clamp(0, 1)
    return torch.lerp(picture, canvas.paper.expand_as(picture), border)


def pixels(canvas: Canvas, g: torch.Generator) -> torch.Tensor:
    """Blocks of eight points, in six levels a channel: finer than a latent of eight pixels they would not outlive the VAE."""
    block = round(8 * canvas.zoom)
    coarse = F.avg_pool2d(canvas.picture, block)
    return ((coarse * 6).round() / 6).repeat_interleave(block, 2).repeat_interleave(block, 3)


def stained_glass(canvas: Canvas, g: torch.Generator) -> torch.Tensor:
    """Panes of about eighteen points, each of its own brightness, lit from behind, in lead bold enough for the VAE."""
    picture = canvas.picture
    n, _, h, w = picture.shape
    across, down = max(2, round(canvas.width / 18)), max(2, round(canvas.height / 18))
    jitter = torch.rand(n, down, across, 2, generator=g).to(picture.device)
    shine = (0.75 + 0.6 * torch.rand(n, down * across, generator=g)).to(picture.device)
    px = ((torch.arange(across, device=picture.device) + jitter[..., 0]) * canvas.width / across).flatten(1)
    py = ((torch.arange(down, device=picture.device)[:, None] + jitter[..., 1]) * canvas.height / down).flatten(1)
    far = torch.hypot(canvas.x[:, None] - px[:, :, None, None], canvas.y[:, None] - py[:, :, None, None])
    near, pane = far.topk(2, 1, largest=False)
    level = shine.gather(1, pane[:, 0].flatten(1)).view(n, 1, h, w)
    lead = (3.3 - (near[:, 1] - near[:, 0])).mul(canvas.zoom).clamp(0, 1)[:, None]
    return torch.lerp((picture.clamp_min(0) ** 0.75 * level).clamp(0, 1), torch.full_like(picture, 0.05), lead)


FINISH = {"watercolour": watercolour, "pixel art": pixels, "stained glass": stained_glass}
