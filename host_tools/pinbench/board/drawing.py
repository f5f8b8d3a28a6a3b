"""A drawing of a board with the wires of one device, as SVG.

The board stands in the middle with its headers as they are; each part is a box on the side where
most of its wires end. A wire keeps its colour and its own lane; a part on the other side of a pin
is joined by a flag with the pin's name, not by a line across the board.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import drawsvg

from pinbench.board.connections import Leg, Part, parts
from pinbench.errors import BoardError

if TYPE_CHECKING:
    from pinbench.board.definitions import Board

_PITCH = 26  # px between two pins of a header
_BOARD_WIDTH = 190
_LANE = 9  # px between two vertical lanes
_BOX_WIDTH = 190
_ROW = 20  # px between two legs of a box
_TITLE = 40
_GAP = 16
_MARGIN = 20
_TOP = 78
_COLOURS = (
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf",
    "#8c564b", "#e377c2", "#7f7f00", "#3b5b92", "#a02c2c", "#4b8b3b",
)  # fmt: skip
_FONT = "DejaVu Sans, Verdana, sans-serif"


def draw(board: Board, device: str) -> str:
    """Return the SVG text. Raises BoardError: not wired there, or a board without [header]."""
    header = board.about.get("header")
    if not header:
        raise BoardError(
            f"{board.source} has no [board.header]: left and right, the pins from top to bottom"
        )
    return _Drawing(board, device, header["left"], header["right"]).svg()


class _Drawing:
    def __init__(self, board, device, left, right):
        self.board = board
        self.device = device
        self.headers = {"left": left, "right": right}
        self.side_of = {pin: side for side, pins in self.headers.items() for pin in pins}
        found = parts(board, device)
        for part in found:
            for leg in part.legs:
                if leg.pin and leg.pin not in self.side_of:
                    raise BoardError(f"{board.source}: [board.header] does not show {leg.pin}")
        self.boxes = self._place(found)
        nets = sorted({leg.net for part in found for leg in part.legs})
        self.colour = {net: _COLOURS[i % len(_COLOURS)] for i, net in enumerate(nets)}

    def _place(self, found: list[Part]) -> dict[str, list[Part]]:
        """Give every part a side, and order each side by where its wires come from."""
        boxes: dict[str, list[Part]] = {"left": [], "right": []}
        # A gate's output has no pin: it goes where its inputs are, and what it drives with it.
        home: dict[str, str] = {}
        for part in sorted(found, key=lambda part: part.kind != "AND gate"):
            votes = [self.side_of.get(leg.pin) or home.get(leg.net) for leg in part.legs]
            side = "left" if votes.count("left") >= votes.count("right") else "right"
            for leg in part.legs:
                home.setdefault(leg.net, side)
            boxes[side].append(part)
        for side, members in boxes.items():
            members.sort(key=lambda part: (self._mean_row(part, side), part.name))
        return boxes

    def _mean_row(self, part: Part, side: str) -> float:
        pins = self.headers[side]
        rows = [pins.index(leg.pin) for leg in part.legs if leg.pin in pins]
        return sum(rows) / len(rows) if rows else len(pins)

    def svg(self) -> str:
        rows = max(map(len, self.headers.values()))
        lanes = {side: self._lane_order(side) for side in self.boxes}
        heights = [sum(_height(part) + _GAP for part in boxes) for boxes in self.boxes.values()]
        height = _TOP + max(rows * _PITCH + _PITCH, *heights) + _MARGIN
        room = {side: 140 + _LANE * len(lanes[side]) for side in self.boxes}
        width = 2 * _MARGIN + 2 * _BOX_WIDTH + sum(room.values()) + _BOARD_WIDTH
        picture = drawsvg.Drawing(width, height, font_family=_FONT)
        picture.append(drawsvg.Rectangle(0, 0, width, height, fill="white"))
        _text(picture, f"{self.device} on {self.board.title}", 18, _MARGIN, 30, weight="bold")
        _text(
            picture,
            "Supply and ground of each part are not drawn. A flag names a pin on the other side.",
            11, _MARGIN, 50, fill="#555",
        )  # fmt: skip
        left = _MARGIN + _BOX_WIDTH + room["left"]
        top = _TOP + max(0, (height - _TOP - _MARGIN - (rows + 1) * _PITCH) / 2)
        self._draw_board(picture, left, top, rows, lanes)
        for side, direction, edge in (("left", -1, left), ("right", 1, left + _BOARD_WIDTH)):
            box_x = _MARGIN if side == "left" else width - _MARGIN - _BOX_WIDTH
            inner = box_x + _BOX_WIDTH if side == "left" else box_x
            self._draw_side(picture, side, direction, edge, top, box_x, inner, lanes[side], height)
        return picture.as_svg() or ""

    def _lane_order(self, side: str) -> list[str]:
        """Nets of this side that need a lane: one with a pin here, or between two boxes."""
        order: dict[str, None] = {}
        for part in self.boxes[side]:
            for leg in part.legs:
                if not self._flagged(leg, side):
                    order.setdefault(leg.net)
        return list(order)

    def _flagged(self, leg: Leg, side: str) -> bool:
        return bool(leg.pin) and self.side_of[leg.pin] != side

    def _draw_board(self, picture, left, top, rows, lanes):
        picture.append(
            drawsvg.Rectangle(
                left, top, _BOARD_WIDTH, (rows + 1) * _PITCH - _PITCH / 2, rx=8,
                fill="#eef5ee", stroke="#2f6f3f", stroke_width=2,
            )
        )  # fmt: skip
        middle = left + _BOARD_WIDTH / 2
        _text(
            picture, self.board.title, 13, middle, top + rows * _PITCH / 2, anchor="middle",
            weight="bold", fill="#2f6f3f", transform=f"rotate(-90 {middle} {top + rows * 13})",
        )  # fmt: skip
        used = {
            leg.pin: leg.net for boxes in self.boxes.values() for p in boxes for leg in p.legs
        }
        for side, pins in self.headers.items():
            for row, pin in enumerate(pins):
                y = top + _PITCH * (row + 0.75)
                x = left if side == "left" else left + _BOARD_WIDTH
                colour = self.colour[used[pin]] if pin in used else "#bbb"
                picture.append(drawsvg.Circle(x, y, 5, fill=colour, stroke="#444"))
                inside = x + 12 if side == "left" else x - 12
                anchor = "start" if side == "left" else "end"
                if pin in used and used[pin] not in lanes[side]:
                    away = -1 if side == "left" else 1
                    self._stub(picture, x, y, away, used[pin].replace("_", " "), colour)
                weight, fill = ("bold", "#111") if pin in used else ("normal", "#777")
                _text(picture, pin, 11, inside, y + 4, anchor=anchor, weight=weight, fill=fill)

    def _draw_side(self, picture, side, direction, edge, top, box_x, inner, lanes, height):
        ends: dict[str, list[tuple[float, float]]] = {net: [] for net in lanes}
        boxes = self.boxes[side]
        used = sum(_height(part) + _GAP for part in boxes)
        y = max(_TOP, (height + _TOP - _MARGIN - used) / 2)
        for part in boxes:
            self._draw_box(picture, part, box_x, y)
            for row, leg in enumerate(part.legs):
                at = y + _TITLE + _ROW * (row + 0.4)
                anchor, inside = ("end", inner - 8) if side == "left" else ("start", inner + 8)
                label = f"{leg.name} ({leg.note})" if leg.note else leg.name
                _text(picture, label, 11, inside, at + 4, anchor=anchor)
                if self._flagged(leg, side):
                    self._draw_flag(picture, leg, inner, at, -direction)
                else:
                    ends[leg.net].append((inner, at))
            y += _height(part) + _GAP
        for net, pin in {
            leg.net: leg.pin for part in boxes for leg in part.legs if leg.net in ends
        }.items():
            if pin:
                row = self.headers[side].index(pin)
                ends[net].append((edge, top + _PITCH * (row + 0.75)))
        first = edge + direction * 80
        for i, net in enumerate(lanes):
            self._draw_net(picture, self.colour[net], first + direction * _LANE * i, ends[net])

    def _draw_net(self, picture, colour, lane, ends):
        ys = [y for _, y in ends]
        style = {"stroke": colour, "stroke_width": 2, "fill": "none"}
        for x, y in ends:
            picture.append(drawsvg.Line(x, y, lane, y, **style))
            if len(ends) > 2:
                picture.append(drawsvg.Circle(lane, y, 3, fill=colour))
        picture.append(drawsvg.Line(lane, min(ys), lane, max(ys), **style))

    def _draw_box(self, picture, part, x, y):
        picture.append(
            drawsvg.Rectangle(
                x, y, _BOX_WIDTH, _height(part), rx=5, fill="#f7f7fb", stroke="#555"
            )
        )
        _text(picture, part.name.replace("_", " "), 12, x + 8, y + 16, weight="bold")
        _text(picture, part.kind, 10, x + 8, y + 30, fill="#555")

    def _draw_flag(self, picture, leg, x, y, direction):
        colour = self.colour[leg.net]
        self._stub(picture, x, y, direction, leg.pin, colour)

    def _stub(self, picture, x, y, direction, words, colour):
        """A short wire from (x, y) to the right (1) or the left (-1) that ends in a name."""
        end = x + direction * 16
        picture.append(drawsvg.Line(x, y, end, y, stroke=colour, stroke_width=2))
        anchor = "start" if direction > 0 else "end"
        _text(picture, words, 10, end + direction * 3, y + 4, anchor=anchor, fill=colour,
              weight="bold")  # fmt: skip


def _height(part: Part) -> int:
    return _TITLE + _ROW * len(part.legs) + 4


def _text(picture, words, size, x, y, anchor="start", weight="normal", fill="#111", **more):
    picture.append(
        drawsvg.Text(
            words, size, x, y, text_anchor=anchor, font_weight=weight, fill=fill, **more
        )
    )
