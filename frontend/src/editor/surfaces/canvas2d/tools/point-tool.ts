import { findControl } from '../../../model/config/config';
import { isDragged, type Stage, type Tool, type ToolPointer } from './tool';

/** A click puts a point. */
export class PointTool implements Tool {
  readonly #stage: Stage;
  #pressed: ToolPointer | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  press(at: ToolPointer): void {
    this.#stage.editor.selection.clear();
    this.#pressed = at;
  }

  drag(): void {}

  release(at: ToolPointer): void {
    const pressed = this.#pressed;
    this.#pressed = null;
    if (pressed === null || isDragged(pressed, at)) return;
    const { width, height } = this.#stage.size;
    if (at.x < 0 || at.y < 0 || at.x > width || at.y > height) return;
    this.#stage.add({ kind: 'keypoint', x: at.x, y: at.y, width: dotWidth(this.#stage) });
  }

  hover(): void {}

  abandonPress(): void {
    this.#pressed = null;
  }

  cancel(): boolean {
    this.#pressed = null;
    return false;
  }

  commit(): boolean {
    return false;
  }

  stepBack(): boolean {
    return false;
  }

  isBusy(): boolean {
    return false;
  }

  cursor(): string {
    return 'crosshair';
  }
}

/** Diameter of a new dot in percent of the picture's width: the config's strokeWidth, at the size the dot has now. */
export function dotWidth(stage: Pick<Stage, 'editor' | 'size' | 'scale'>): number {
  const { labelState, config } = stage.editor;
  const strokeWidth = Number(findControl(config, labelState.active[0]?.fromName ?? '')?.attributes.strokeWidth ?? 2);
  return Math.min((strokeWidth / (stage.size.width * stage.scale())) * 100, 100);
}
