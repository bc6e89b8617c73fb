import { t } from '../../../i18n/words';
import type { Key } from './keys';

export interface KeyedCommand {
  readonly id: string;
  readonly title: string;
  readonly keys: readonly Key[];
}

/** The keys of the label page as they are given at first. Labels never get one of them, used on this page or not. */
export const KEY_TABLE: readonly KeyedCommand[] = [
  { id: 'tool.select', title: t('Select'), keys: ['v'] },
  { id: 'tool.hand', title: t('Move the picture'), keys: ['h'] },
  { id: 'tool.hold-hand', title: t('Move the picture while held'), keys: ['space'] },
  { id: 'tool.rectangle', title: t('Draw rectangles'), keys: ['r'] },
  { id: 'tool.polygon', title: t('Draw polygons'), keys: ['p'] },
  { id: 'tool.ellipse', title: t('Draw ellipses'), keys: ['o'] },
  { id: 'tool.keypoint', title: t('Set points'), keys: ['k'] },
  { id: 'tool.brush', title: t('Brush'), keys: ['b'] },
  { id: 'suggestions.ask', title: t('Auto-annotate'), keys: ['m'] },
  { id: 'suggestions.accept-all', title: t('Accept all suggestions'), keys: ['a'] },
  { id: 'label.find', title: t('Find a label'), keys: ['/'] },
  { id: 'task.submit', title: t('Submit'), keys: ['enter', 'ctrl+enter'] },
  { id: 'task.skip', title: t('Skip'), keys: ['s'] },
  { id: 'task.previous', title: t('Previous task'), keys: ['['] },
  { id: 'task.next', title: t('Next task'), keys: [']'] },
  { id: 'region.delete', title: t('Delete'), keys: ['delete', 'backspace'] },
  { id: 'region.next', title: t('Next region'), keys: ['tab'] },
  { id: 'region.previous', title: t('Previous region'), keys: ['shift+tab'] },
  { id: 'region.duplicate', title: t('Duplicate'), keys: ['ctrl+d'] },
  { id: 'region.select-all', title: t('Select all regions'), keys: ['ctrl+a'] },
  { id: 'region.hide', title: t('Hide or show'), keys: ['shift+h'] },
  { id: 'region.lock', title: t('Lock or unlock'), keys: ['shift+l'] },
  { id: 'region.left', title: t('Move 1 px left'), keys: ['arrowleft'] },
  { id: 'region.right', title: t('Move 1 px right'), keys: ['arrowright'] },
  { id: 'region.up', title: t('Move 1 px up'), keys: ['arrowup'] },
  { id: 'region.down', title: t('Move 1 px down'), keys: ['arrowdown'] },
  { id: 'region.far-left', title: t('Move 10 px left'), keys: ['shift+arrowleft'] },
  { id: 'region.far-right', title: t('Move 10 px right'), keys: ['shift+arrowright'] },
  { id: 'region.far-up', title: t('Move 10 px up'), keys: ['shift+arrowup'] },
  { id: 'region.far-down', title: t('Move 10 px down'), keys: ['shift+arrowdown'] },
  { id: 'history.undo', title: t('Undo'), keys: ['ctrl+z'] },
  { id: 'history.redo', title: t('Redo'), keys: ['ctrl+shift+z', 'ctrl+y'] },
  { id: 'view.zoom-in', title: t('Zoom in'), keys: ['+', '='] },
  { id: 'view.zoom-out', title: t('Zoom out'), keys: ['-'] },
  { id: 'view.fit', title: t('Fit the picture'), keys: ['shift+f'] },
  { id: 'page.palette', title: t('Find or do'), keys: ['ctrl+k'] },
  { id: 'page.history', title: t('History of the annotation'), keys: ['shift+v'] },
  { id: 'page.then', title: t('The picture as it was labelled'), keys: ['shift+p'] },
  { id: 'page.keys', title: t('Key map'), keys: ['?'] },
  { id: 'page.cancel', title: t('Let go'), keys: ['escape'] },
];

/** Keys that the browser keeps for itself on some system: no label gets them. */
export const BROWSER_KEYS: ReadonlySet<Key> = new Set(
  ['c', 'f', 'l', 'n', 'p', 'r', 's', 't', 'v', 'w', 'x'].map((letter) => `ctrl+${letter}`),
);

/** The order in which labels without a hotkey of their own get one; keys of commands are left out. */
export const LABEL_KEYS: readonly Key[] = [...'1234567890qwetasdfgzxcvbyiopjklnm'];
