import type { Editor } from '../../model/editor';
import { SpatialIndex } from '../../model/index/spatial';
import type { Box, Diff, Region, RegionId } from '../../model/types';
import { shapeBounds } from '../../tags/registry';
import { areaOf, isBoxInside } from './geometry';

/** More changes than this in one diff, and everything is indexed and painted again. */
const MANY = 200;

/** The regions of one picture, by place. */
export class RegionView {
  readonly #editor: Editor;
  readonly #objectName: string;
  readonly #index = new SpatialIndex();

  constructor(editor: Editor, objectName: string) {
    this.#editor = editor;
    this.#objectName = objectName;
    this.rebuild();
  }

  rebuild(): void {
    this.#index.rebuild(this.all());
  }

  /** Follows a change. The boxes to paint again, or null when that is everything. */
  follow(diff: Diff): Box[] | null {
    const own = this.#ownPart(diff);
    if (own.added.length + own.removed.length + own.updated.length > MANY) {
      this.rebuild();
      return null;
    }
    this.#index.update(own);
    const touched = [...own.added, ...own.removed, ...own.updated.flat()];
    return touched.map(({ shape }) => shapeBounds(shape));
  }

  /** All regions of this picture in the order of creation, hidden ones too. */
  all(): Region[] {
    return this.#editor.store.all().filter((region) => this.isOwn(region));
  }

  get(id: RegionId | null): Region | null {
    const region = id === null ? undefined : this.#editor.store.get(id);
    return region !== undefined && this.isOwn(region) ? region : null;
  }

  isOwn(region: Region): boolean {
    return region.toName === this.#objectName && region.shape.kind !== 'span';
  }

  /** Regions whose box meets a box, not hidden, lowest first. */
  meeting(box: Box): Region[] {
    return this.#seen(this.#index.query(box));
  }

  within(box: Box): Region[] {
    return this.meeting(box).filter(({ shape }) => isBoxInside(shapeBounds(shape), box));
  }

  /** Regions under a point, not hidden: the smallest first, the upper first among equals. */
  at(x: number, y: number, tolerance: number): Region[] {
    return this.#seen(this.#index.at(x, y, tolerance)).sort((a, b) => areaOf(a.shape) - areaOf(b.shape));
  }

  #seen(ids: readonly RegionId[]): Region[] {
    const seen: Region[] = [];
    for (const id of ids) {
      const region = this.#editor.store.get(id);
      if (region !== undefined && region.hidden !== true) seen.push(region);
    }
    return seen;
  }

  #ownPart(diff: Diff): Diff {
    const isOwn = (region: Region): boolean => this.isOwn(region);
    return {
      added: diff.added.filter(isOwn),
      removed: diff.removed.filter(isOwn),
      updated: diff.updated.filter(([, to]) => isOwn(to)),
    };
  }
}
