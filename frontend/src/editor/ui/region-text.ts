/** How a region reads in lists: its name, colour and size. Pure. */

import { plural, t } from '../../i18n/words.ts';
import { findControl, findLabel, type LabelSpec } from '../model/config/config.ts';
import type { Editor } from '../model/editor.ts';
import type { Region, Shape } from '../model/types.ts';

export function labelsOf(editor: Editor, region: Region): LabelSpec[] {
  const control = findControl(editor.config, region.fromName);
  return region.labels.flatMap((value) => findLabel(control, value) ?? []);
}

export function regionName(editor: Editor, region: Region): string {
  const shown = labelsOf(editor, region).map((label) => label.shown);
  return shown.length > 0 ? shown.join(', ') : region.labels.join(', ') || t('no label');
}

export function regionColour(editor: Editor, region: Region): string {
  return labelsOf(editor, region)[0]?.colour ?? 'var(--l12)';
}

/** "155 × 172", "6 points", the marked words. */
export function regionMeasure(editor: Editor, region: Region): string {
  return region.shape.kind === 'span' ? excerpt(editor, region, 40) : measure(region.shape);
}

function measure(shape: Exclude<Shape, { kind: 'span' }>): string {
  switch (shape.kind) {
    case 'rectangle':
      return `${Math.round(shape.width)} × ${Math.round(shape.height)}`;
    case 'ellipse':
      return `${Math.round(shape.radiusX * 2)} × ${Math.round(shape.radiusY * 2)}`;
    case 'polygon':
      return plural(shape.points.length, '{n} point', '{n} points');
    case 'keypoint':
      return `${Math.round(shape.x)}, ${Math.round(shape.y)}`;
  }
}

export function excerpt(editor: Editor, region: Region, most: number): string {
  if (region.shape.kind !== 'span') return '';
  const text = editor.text(region.toName) ?? '';
  const part = text.slice(region.shape.start, Math.min(region.shape.end, region.shape.start + most));
  return part.replace(/\s+/g, ' ') + (region.shape.end - region.shape.start > most ? '…' : '');
}

/** Full name for those who hear the page: "wheel, suggested, 94 %, 155 × 172". */
export function regionSentence(editor: Editor, region: Region): string {
  const parts = [regionName(editor, region)];
  if (region.suggested) parts.push(promptName(region) ?? t('suggested'));
  if (region.score !== undefined) parts.push(`${Math.round(region.score * 100)} %`);
  if (region.hidden) parts.push(t('hidden'));
  if (region.locked) parts.push(t('locked'));
  parts.push(regionMeasure(editor, region));
  return parts.join(', ');
}

/** What a region is that was drawn to ask a model with. */
export function promptName({ exchange }: Region): string | null {
  return exchange === 'prompt' ? t('prompt') : exchange === 'counter-prompt' ? t('prompt: not this') : null;
}

/** A score of 0.5 or more is worth a look, less is doubtful. */
export function scoreTone(score: number): 'accent' | 'warn' {
  return score >= 0.5 ? 'accent' : 'warn';
}
