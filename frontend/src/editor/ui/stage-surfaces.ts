/** The surfaces that are mounted now, by object tag: for keys, zoom buttons and whoever waits until all is drawn. */

/** What keys and buttons need of a picture; the canvas surface has it. */
export interface PictureSurface {
  fit(): void;
  zoomBy(factor: number, clientX?: number, clientY?: number): void;
  zoomPercent(): number;
  subscribe(listener: () => void): () => void;
  pictureRect(): { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  focusRegion(id: string): void;
  cancel(): void;
  commit(): boolean;
  isDrawing(): boolean;
  destroy(): void;
}

/** What keys need of a text; the text surface has it. */
export interface WritingSurface {
  focusRegion?(id: string): void;
  scroller(): Element;
  spanPoint(index: number): { x: number; y: number } | null;
  textPoint(): { x: number; y: number } | null;
  destroy(): void;
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

  /** Closes an open shape; true if there was one. */
  commit(): boolean {
    return [...this.pictures.values()].some((surface) => surface.commit());
  }

  /** Lets go of an open shape; true if there was one. */
  cancel(): boolean {
    const drawing = [...this.pictures.values()].filter((surface) => surface.isDrawing());
    for (const surface of drawing) surface.cancel();
    return drawing.length > 0;
  }

  zoomBy(factor: number): void {
    for (const surface of this.pictures.values()) surface.zoomBy(factor);
  }

  fit(): void {
    for (const surface of this.pictures.values()) surface.fit();
  }

  focusRegion(objectName: string, id: string): void {
    this.pictures.get(objectName)?.focusRegion(id);
    this.writings.get(objectName)?.focusRegion?.(id);
  }
}
