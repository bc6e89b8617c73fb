import type { Key } from './keys';

export interface KeyedCommand {
  readonly id: string;
  readonly title: string;
  readonly keys: readonly Key[];
}

/** The keys of the label page as they are given at first. Labels never get one of them, used on this page or not. */
export const KEY_TABLE: readonly KeyedCommand[] = [
  { id: 'tool.select', title: 'Select', keys: ['v'] },
  { id: 'tool.hand', title: 'Move the picture', keys: ['h'] },
  { id: 'tool.hold-hand', title: 'Move the picture while held', keys: ['space'] },
  { id: 'tool.rectangle', title: 'Draw rectangles', keys: ['r'] },
  { id: 'tool.polygon', title: 'Draw polygons', keys: ['p'] },
  { id: 'tool.ellipse', title: 'Draw ellipses', keys: ['o'] },
  { id: 'tool.keypoint', title: 'Set points', keys: ['k'] },
  { id: 'tool.brush', title: 'Brush', keys: ['b'] },
  { id: 'suggestions.ask', title: 'Auto-annotate', keys: ['m'] },
  { id: 'suggestions.accept-all', title: 'Accept all suggestions', keys: ['a'] },
  { id: 'label.find', title: 'Find a label', keys: ['/'] },
  { id: 'task.submit', title: 'Submit', keys: ['enter', 'ctrl+enter'] },
  { id: 'task.skip', title: 'Skip', keys: ['s'] },
  { id: 'task.previous', title: 'Previous task', keys: ['['] },
  { id: 'task.next', title: 'Next task', keys: [']'] },
  { id: 'region.delete', title: 'Delete', keys: ['delete', 'backspace'] },
  { id: 'region.next', title: 'Next region', keys: ['tab'] },
  { id: 'region.previous', title: 'Previous region', keys: ['shift+tab'] },
  { id: 'region.duplicate', title: 'Duplicate', keys: ['ctrl+d'] },
  { id: 'region.select-all', title: 'Select all regions', keys: ['ctrl+a'] },
  { id: 'region.hide', title: 'Hide or show', keys: ['shift+h'] },
  { id: 'region.lock', title: 'Lock or unlock', keys: ['shift+l'] },
  { id: 'region.left', title: 'Move 1 px left', keys: ['arrowleft'] },
  { id: 'region.right', title: 'Move 1 px right', keys: ['arrowright'] },
  { id: 'region.up', title: 'Move 1 px up', keys: ['arrowup'] },
  { id: 'region.down', title: 'Move 1 px down', keys: ['arrowdown'] },
  { id: 'region.far-left', title: 'Move 10 px left', keys: ['shift+arrowleft'] },
  { id: 'region.far-right', title: 'Move 10 px right', keys: ['shift+arrowright'] },
  { id: 'region.far-up', title: 'Move 10 px up', keys: ['shift+arrowup'] },
  { id: 'region.far-down', title: 'Move 10 px down', keys: ['shift+arrowdown'] },
  { id: 'history.undo', title: 'Undo', keys: ['ctrl+z'] },
  { id: 'history.redo', title: 'Redo', keys: ['ctrl+shift+z', 'ctrl+y'] },
  { id: 'view.zoom-in', title: 'Zoom in', keys: ['+', '='] },
  { id: 'view.zoom-out', title: 'Zoom out', keys: ['-'] },
  { id: 'view.fit', title: 'Fit the picture', keys: ['shift+f'] },
  { id: 'page.palette', title: 'Find or do', keys: ['ctrl+k'] },
  { id: 'page.history', title: 'History of the annotation', keys: ['shift+v'] },
  { id: 'page.then', title: 'The picture as it was labelled', keys: ['shift+p'] },
  { id: 'page.keys', title: 'Key map', keys: ['?'] },
  { id: 'page.cancel', title: 'Let go', keys: ['escape'] },
];

/** Keys that the browser keeps for itself on some system: no label gets them. */
export const BROWSER_KEYS: ReadonlySet<Key> = new Set(
  ['c', 'f', 'l', 'n', 'p', 'r', 's', 't', 'v', 'w', 'x'].map((letter) => `ctrl+${letter}`),
);

/** The order in which labels without a hotkey of their own get one; keys of commands are left out. */
export const LABEL_KEYS: readonly Key[] = [...'1234567890qwetasdfgzxcvbyiopjklnm'];
