import type { Box } from '../../model/types';
import { inkOn } from '../palette';
import type { Pen } from './trace';

const CHIP_FONT = '600 12px Inter, "Inter Variable", system-ui, sans-serif';
export const CHIP_HEIGHT = 18;
const PADDING = 6;
const LONGEST = 220;

export interface Chip {
  readonly text: string;
  readonly colour: string;
  /** Left edge and top edge, in view units. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const widths = new Map<string, number>();

/** Width of a chip with this text, in CSS px. */
export function chipWidth(context: Pen, text: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    context.font = CHIP_FONT;
    width = Math.min(Math.ceil(context.measureText(text).width), LONGEST) + PADDING * 2;
    if (widths.size > 2000) widths.clear();
    widths.set(text, width);
  }
  return width;
}

/**
 * Where the chip of a shape goes: above the shape; below the shape when something stands above it
 * (the rotation knob) or the room above is outside the view; inside it when there is no room below either.
 */
export function placeChip(
  shape: Box,
  width: number,
  room: { view: Box; left: number; isTopTaken: boolean },
): { x: number; y: number } {
  const { view } = room;
  const x = Math.max(Math.min(room.left, view.maxX - width - 2), view.minX + 2);
  const above = shape.minY - CHIP_HEIGHT - 5;
  if (!room.isTopTaken && above >= view.minY + 2) return { x, y: above };
  const below = shape.maxY + 6;
  if (below + CHIP_HEIGHT <= view.maxY - 2) return { x, y: below };
  return { x, y: Math.max(shape.minY, view.minY) + 4 };
}

export function paintChip(context: Pen, chip: Chip): void {
  context.fillStyle = chip.colour;
  context.beginPath();
  context.roundRect(chip.x, chip.y, chip.width, CHIP_HEIGHT, 4);
  context.fill();
  context.fillStyle = inkOn(chip.colour);
  context.font = CHIP_FONT;
  context.textBaseline = 'middle';
  context.fillText(chip.text, chip.x + PADDING, chip.y + CHIP_HEIGHT / 2 + 0.5, chip.width - PADDING * 2);
}
