/** The surfaces that are mounted now, by object tag: for keys, zoom buttons and whoever waits until all is drawn. */

interface Surface {
  focus(): void;
  focusRegion(id: string): void;
  /** Calls off what is begun; false when there was nothing. */
  cancel(): boolean;
  /** Closes an open shape, or marks what is selected; false when there was nothing. */
  commit(): boolean;
  isDrawing(): boolean;
  subscribe(listener: () => void): () => void;
  destroy(): void;
}

/** What keys and buttons need of a picture; the canvas surface has it. */
export interface PictureSurface extends Surface {
  fit(): void;
  zoomBy(factor: number, clientX?: number, clientY?: number): void;
  zoomPercent(): number;
  pictureRect(): { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** What keys need of a text; the text surface has it. */
export interface WritingSurface extends Surface {
  scroller(): Element;
  spanPoint(index: number): { x: number; y: number } | null;
  textPoint(): { x: number; y: number } | null;
}

export class StageSurfaces {
  readonly pictures = new Map<string, PictureSurface>();
  readonly writings = new Map<string, WritingSurface>();
  /** Objects that could not be shown. */
  readonly broken = new Set<string>();
  readonly #listeners = new Set<() => void>();

  get count(): number {
    return this.pictures.size + this.writings.size + this.broken.size;
  }

  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #all(): Surface[] {
    return [...this.pictures.values(), ...this.writings.values()];
  }

  /** Closes an open shape, or marks what is selected; true if there was something. */
  commit(): boolean {
    return this.#all().some((surface) => surface.commit());
  }

  /** Whether a shape is begun, or text selected. */
  isDrawing(): boolean {
    return this.#all().some((surface) => surface.isDrawing());
  }

  /** Lets go of what is begun; true if there was something. */
  cancel(): boolean {
    return this.#all().map((surface) => surface.cancel()).some(Boolean);
  }

  /** Gives the first surface the keyboard. */
  focus(): void {
    this.#all()[0]?.focus();
  }

  zoomBy(factor: number): void {
    for (const surface of this.pictures.values()) surface.zoomBy(factor);
  }

  fit(): void {
    for (const surface of this.pictures.values()) surface.fit();
  }

  focusRegion(objectName: string, id: string): void {
    this.pictures.get(objectName)?.focusRegion(id);
    this.writings.get(objectName)?.focusRegion(id);
  }
}
