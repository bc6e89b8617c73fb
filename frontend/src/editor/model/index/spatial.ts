import Flatbush from 'flatbush';
import { shapeBounds, shapeHit } from '../../tags/registry';
import { boxesMeet } from '../geometry';
import type { Box, Diff, Region, RegionId } from '../types';

interface Placed {
  readonly region: Region;
  readonly box: Box;
}

/** Changed regions are searched one by one until there are this many, or an eighth of all. */
const FEWEST_LOOSE = 64;

/**
 * Which regions lie where. A packed tree over the regions as they were at some time, and beside it the few that
 * changed since: a frame of a drag costs one look, and the tree is built again only when a question finds many loose.
 * Spans of texts are no part of it.
 */
export class SpatialIndex {
  #placed = new Map<RegionId, Placed>();
  /** Height in the pile of drawn regions: later ones lie on top. Kept when a region goes, for it may come back. */
  #heights = new Map<RegionId, number>();
  /** The other way round. */
  #pile: RegionId[] = [];
  #tree: Flatbush | null = null;
  #treeIds: readonly RegionId[] = [];
  #treeHeights: readonly number[] = [];
  /** Changed, added or removed since the tree was built. */
  readonly #loose = new Set<RegionId>();

  rebuild(regions: readonly Region[]): void {
    this.#placed = new Map();
    this.#heights = new Map();
    this.#pile = [];
    for (const region of regions) this.#place(region);
    this.#buildTree();
  }

  update(diff: Diff): void {
    for (const { id } of diff.removed) {
      this.#placed.delete(id);
      this.#loose.add(id);
    }
    for (const region of diff.added) this.#placeLoose(region);
    for (const [from, to] of diff.updated) {
      if (from.shape === to.shape && this.#placed.has(to.id)) this.#relabel(to);
      else this.#placeLoose(to);
    }
  }

  get size(): number {
    return this.#placed.size;
  }

  /** Regions whose bounding box meets `box`, lowest first. */
  query(box: Box): RegionId[] {
    const heights = Uint32Array.from(this.#search(box)).sort(); // as numbers, far quicker than by looking each up
    return Array.from(heights, (height) => this.#pile[height]!);
  }

  /** Regions under a point or at most `tolerance` from it, topmost first. Hidden ones too: the caller knows which. */
  at(x: number, y: number, tolerance: number): RegionId[] {
    const box = { minX: x - tolerance, minY: y - tolerance, maxX: x + tolerance, maxY: y + tolerance };
    const isHit = (id: RegionId): boolean => shapeHit(this.#placed.get(id)!.region.shape, x, y, tolerance);
    return this.query(box).filter(isHit).reverse();
  }

  bounds(id: RegionId): Box | undefined {
    return this.#placed.get(id)?.box;
  }

  /** Heights, in any order. */
  #search(box: Box): number[] {
    if (this.#loose.size > Math.max(FEWEST_LOOSE, this.#placed.size / 8)) this.#buildTree();
    const found: number[] = [];
    for (const index of this.#tree?.search(box.minX, box.minY, box.maxX, box.maxY) ?? []) {
      if (this.#loose.size === 0 || !this.#loose.has(this.#treeIds[index]!)) found.push(this.#treeHeights[index]!);
    }
    for (const id of this.#loose) {
      const placed = this.#placed.get(id);
      if (placed !== undefined && boxesMeet(placed.box, box)) found.push(this.#heights.get(id)!);
    }
    return found;
  }

  #buildTree(): void {
    this.#loose.clear();
    this.#treeIds = [...this.#placed.keys()];
    this.#treeHeights = this.#treeIds.map((id) => this.#heights.get(id)!);
    this.#tree = this.#treeIds.length === 0 ? null : new Flatbush(this.#treeIds.length);
    if (this.#tree === null) return;
    for (const { box } of this.#placed.values()) this.#tree.add(box.minX, box.minY, box.maxX, box.maxY);
    this.#tree.finish();
  }

  #place(region: Region): void {
    if (region.shape.kind === 'span') return;
    if (!this.#heights.has(region.id)) this.#heights.set(region.id, this.#pile.push(region.id) - 1);
    this.#placed.set(region.id, { region, box: shapeBounds(region.shape) });
  }

  #placeLoose(region: Region): void {
    this.#place(region);
    this.#loose.add(region.id);
  }

  #relabel(region: Region): void {
    this.#placed.set(region.id, { region, box: this.#placed.get(region.id)!.box });
  }
}
