import type { ExportFormat } from '../../api/types';

const ENDING = '_WITH_IMAGES';

/** The same format with the pictures in the archive, where there is one that fits. */
export const withPictures = (name: string, formats: readonly ExportFormat[]): string | undefined =>
  formats.find((each) => each.name === name + ENDING && !each.disabled)?.name;

/** Whether a format is another one with pictures, which is a switch and no choice of its own. */
export const isWithPictures = (name: string, formats: readonly ExportFormat[]): boolean =>
  name.endsWith(ENDING) && formats.some((each) => each.name === name.slice(0, -ENDING.length));

const NEEDS: ReadonlyArray<readonly [start: string, needs: string]> = [
  ['COCO', 'regions on pictures'], ['YOLO', 'regions on pictures'], ['VOC', 'regions on pictures'], ['CONLL', 'labels on texts'], ['BRUSH', 'a brush on pictures'], ['ASR', 'transcripts of sounds'],
];

/** Why a format cannot be chosen here. */
export function reasonFor(format: ExportFormat): string {
  const needs = NEEDS.find(([start]) => format.name.startsWith(start))?.[1];
  return needs ? `It holds ${needs}, and this project’s label config asks for none.` : 'It does not fit what this project’s label config asks for.';
}
