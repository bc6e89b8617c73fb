import { t } from '../../../../i18n/words';
import type { Point } from '../../../model/types';
import { clampPoint } from '../clamp';
import type { Stage, Tool, ToolPointer } from './tool';

/** CSS px around the first corner within which a click closes the polygon. */
const CLOSING_REACH = { mouse: 9, touch: 18 };
const FEWEST = 3;

/** Click by click; the first corner, a double click or Enter closes. A corner stands where the pointer is let go. */
export class PolygonTool implements Tool {
  readonly #stage: Stage;
  #points: Point[] = [];
  #pressed: ToolPointer | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  press(at: ToolPointer): void {
    if (this.#points.length === 0) this.#stage.editor.selection.clear();
    this.#pressed = at;
    this.#show(at);
  }

  drag(at: ToolPointer): void {
    if (this.#pressed !== null) this.#show(at);
  }

  release(at: ToolPointer): void {
    const pressed = this.#pressed;
    if (pressed === null) return;
    this.#pressed = null;
    if (this.#closesAt(at) || (pressed.isDouble && this.#points.length >= FEWEST)) {
      this.#finish();
      return;
    }
    const isSecondOfDouble = pressed.isDouble && this.#points.length > 0;
    if (!isSecondOfDouble) this.#points.push(clampPoint(at.x, at.y, this.#stage.size));
    this.#show(at);
  }

  hover(at: ToolPointer): void {
    if (this.#points.length > 0) this.#show(at);
  }

  abandonPress(): void {
    this.#pressed = null;
    this.#showPoints();
  }

  cancel(): boolean {
    const wasBusy = this.isBusy();
    this.#points = [];
    this.#pressed = null;
    this.#stage.setDraft(null);
    return wasBusy;
  }

  commit(): boolean {
    if (this.#points.length === 0) return false;
    if (this.#points.length >= FEWEST) this.#finish();
    else this.#stage.refuse(t('A polygon needs at least three points.'));
    return true;
  }

  stepBack(): boolean {
    if (this.#points.pop() === undefined) return false;
    this.#showPoints();
    return true;
  }

  isBusy(): boolean {
    return this.#points.length > 0;
  }

  cursor(): string {
    return 'crosshair';
  }

  #finish(): void {
    const points = this.#points;
    this.cancel();
    this.#stage.add({ kind: 'polygon', points, closed: true });
  }

  #closesAt(at: ToolPointer): boolean {
    const [first] = this.#points;
    if (first === undefined || this.#points.length < FEWEST) return false;
    const distance = Math.hypot(at.x - first[0], at.y - first[1]) * this.#stage.scale();
    return distance <= (at.isTouch ? CLOSING_REACH.touch : CLOSING_REACH.mouse);
  }

  #show(at: ToolPointer): void {
    const last = this.#points.at(-1);
    if (last === undefined) return;
    const closes = this.#closesAt(at);
    const to = closes ? this.#points[0]! : clampPoint(at.x, at.y, this.#stage.size);
    this.#stage.setDraft({
      kind: 'drawing',
      shape: { kind: 'polygon', points: [...this.#points], closed: false },
      rubber: { from: last, to, closes },
    });
  }

  #showPoints(): void {
    const points = [...this.#points];
    const shape = { kind: 'polygon', points, closed: false } as const;
    this.#stage.setDraft(points.length === 0 ? null : { kind: 'drawing', shape, rubber: null });
  }
}
