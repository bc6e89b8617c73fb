/** window.__bench: what a benchmark needs to drive this page as it would any other. Only with ?bench=1. */

import type { StageSurfaces } from '../../editor/ui/stage-surfaces.ts';
import type { Labelling } from './labelling.ts';

export interface Bench {
  /** The task is drawn, with at least this many regions. */
  ready(regions: number): boolean;
  /** The whole picture on the screen. */
  surface(): { x: number; y: number; w: number; h: number };
  selected(): string | null;
  count(): number;
  task(): number | null;
  scroller(): Element;
  spanPoint(index: number): { x: number; y: number } | null;
  textPoint(): { x: number; y: number } | null;
}

declare global {
  interface Window {
    __bench?: Bench;
  }
}

export function installBench(labelling: Labelling, surfaces: StageSurfaces): void {
  const writing = () => [...surfaces.writings.values()][0]!;
  window.__bench = {
    ready: (regions) => {
      const { open } = labelling;
      return open !== null && surfaces.count >= open.contents.length && open.editor.store.size >= regions;
    },
    surface: () => {
      const { x, y, width, height } = [...surfaces.pictures.values()][0]!.pictureRect();
      return { x, y, w: width, h: height };
    },
    selected: () => [...(labelling.open?.editor.selection.ids() ?? [])].at(-1) ?? null,
    count: () => labelling.open?.editor.store.size ?? 0,
    task: () => labelling.open?.task.id ?? null,
    scroller: () => writing().scroller(),
    spanPoint: (index) => writing().spanPoint(index),
    textPoint: () => writing().textPoint(),
  };
}
