import type { Stage, Tool, ToolPointer } from './tool';

/** Moves the picture. */
export class HandTool implements Tool {
  readonly #stage: Stage;
  #last: ToolPointer | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  press(at: ToolPointer): void {
    this.#last = at;
  }

  drag(at: ToolPointer): void {
    if (this.#last === null) return;
    this.#stage.panBy(at.viewX - this.#last.viewX, at.viewY - this.#last.viewY);
    this.#last = at;
  }

  release(): void {
    this.#last = null;
  }

  hover(): void {}

  abandonPress(): void {
    this.#last = null;
  }

  cancel(): boolean {
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
    return this.#last === null ? 'grab' : 'grabbing';
  }
}
