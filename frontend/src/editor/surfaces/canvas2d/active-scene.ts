import { findControl } from '../../model/config/config';
import type { Editor } from '../../model/editor';
import type { PictureSize, Region, Shape } from '../../model/types';
import { moveShape } from '../../tags/registry';
import { type ActiveScene, type ActiveShape } from './active-layer';
import { type HandleReach, visibleHandles } from './handles';
import { type Palette, scoreText } from '../palette';
import type { RegionView } from './region-view';
import type { Draft } from './tools/tool';

/** CSS px. */
const KNOB = 24;
const TARGET = { mouse: 7, touch: 14 };

export interface SceneSource {
  readonly editor: Editor;
  readonly regions: RegionView;
  readonly palette: Palette;
  readonly size: PictureSize;
  readonly scale: number;
  readonly draft: Draft | null;
  readonly pickedVertex: number | null;
}

export function reachOf(region: Region, source: Pick<SceneSource, 'editor' | 'scale'>, isTouch: boolean): HandleReach {
  const control = findControl(source.editor.config, region.fromName);
  return {
    radius: (isTouch ? TARGET.touch : TARGET.mouse) / source.scale,
    knob: KNOB / source.scale,
    canRotate: control?.attributes.canRotate !== false,
  };
}

/** What the active layer shows now. */
export function activeScene(source: SceneSource): ActiveScene {
  const selected = selectedRegions(source);
  const hovered = hoveredRegion(source, selected);
  const shapes = selected.map((region) => selectedShape(source, region));
  if (hovered !== null) shapes.push(restingShape(source, hovered));
  const { draft } = source;
  if (draft?.kind === 'drawing') {
    shapes.unshift({ shape: draft.shape, colour: nextColour(source), isDashed: false, isSelected: true });
  }
  const only = selected.length === 1 ? selected[0]! : null;
  return {
    size: source.size,
    shapes,
    handles: draft?.kind === 'drawing' ? cornersOfDraft(draft) : only === null ? [] : handlesOf(source, only),
    pickedVertex: draft?.kind === 'drawing' ? (draft.rubber?.closes === true ? 0 : null) : source.pickedVertex,
    name: nameOf(source, only ?? (selected.length === 0 ? hovered : null)),
    rubber: draft?.kind === 'drawing' ? draft.rubber : null,
  };
}

function selectedRegions({ editor, regions }: SceneSource): Region[] {
  return [...editor.selection.ids()].flatMap((id) => {
    const region = regions.get(id);
    return region === null || region.hidden === true ? [] : [region];
  });
}

function hoveredRegion({ editor, regions, draft }: SceneSource, selected: readonly Region[]): Region | null {
  const region = draft === null ? regions.get(editor.selection.hovered) : null;
  return region === null || region.hidden === true || selected.includes(region) ? null : region;
}

function selectedShape(source: SceneSource, region: Region): ActiveShape {
  return { ...restingShape(source, region), shape: draftedShape(source.draft, region), isSelected: true };
}

function restingShape({ palette }: SceneSource, region: Region): ActiveShape {
  const { colour, isDashed } = palette.styleOf(region);
  return { shape: region.shape, colour, isDashed, isSelected: false };
}

function draftedShape(draft: Draft | null, region: Region): Shape {
  if (draft?.kind === 'reshaped' && draft.id === region.id) return draft.shape;
  if (draft?.kind === 'moved' && draft.ids.has(region.id)) return moveShape(region.shape, draft.dx, draft.dy);
  return region.shape;
}

function handlesOf(source: SceneSource, region: Region): ActiveScene['handles'] {
  if (source.editor.tool !== 'select' || region.locked === true) return [];
  return visibleHandles(draftedShape(source.draft, region), reachOf(region, source, false));
}

/** The corners set so far, so that the first one is found again. */
function cornersOfDraft({ shape }: Extract<Draft, { kind: 'drawing' }>): ActiveScene['handles'] {
  if (shape.kind !== 'polygon') return [];
  return shape.points.map((at, index) => ({ handle: { kind: 'vertex', index }, at }));
}

function nameOf(source: SceneSource, region: Region | null): ActiveScene['name'] {
  if (region === null) return null;
  const { palette, draft } = source;
  const score = region.suggested && region.score !== undefined ? `  ${scoreText(region.score)}` : '';
  const { colour } = palette.styleOf(region);
  return { text: palette.nameOf(region) + score, colour, shape: draftedShape(draft, region) };
}

function nextColour({ editor, palette }: SceneSource): string {
  const [label] = editor.labelState.active;
  return label === undefined ? palette.resolve('var(--accent)') : palette.colourOf(label.fromName, label.value);
}
