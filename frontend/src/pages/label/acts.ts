/** Every act of the page by the id under which the key map knows it. */

import type { Editor } from '../../editor/model/editor.ts';
import type { Command } from '../../editor/model/tools/commands.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import type { ToolName } from '../../editor/model/types.ts';
import { press } from '../../editor/ui/choices-panel.tsx';
import type { StageSurfaces } from '../../editor/ui/stage-surfaces.ts';
import { toolsFor } from '../../editor/ui/tool-strip.tsx';
import { t } from '../../i18n/words.ts';
import type { Asking } from './asking/asking.ts';
import type { Labelling } from './labelling.ts';

export interface PageParts {
  readonly labelling: Labelling;
  readonly surfaces: StageSurfaces;
  readonly showKeys: () => void;
  readonly showPalette: () => void;
  readonly showHistory: () => void;
  readonly showThen: () => void;
  readonly findLabel: () => void;
  /** Null where no model can be asked while one draws. */
  readonly asking: Asking | null;
}

type Act = Omit<Command, 'title'>;

/** The acts that the open task allows, with their titles from the key map. */
export function actsFor(editor: Editor, keyMap: KeyMap, parts: PageParts): Command[] {
  const titles = new Map(keyMap.list().map((command) => [command.id, command.title]));
  const acts = [...toolActs(editor), ...taskActs(parts), ...regionActs(editor, parts), ...editActs(editor, parts), ...viewActs(editor, parts)];
  return acts.map((act) => ({ ...act, title: titles.get(act.id) ?? act.id }));
}

function toolActs(editor: Editor): Act[] {
  const { view, shapes } = toolsFor(editor.config);
  return [...view, ...shapes].map((tool: ToolName) => ({ id: `tool.${tool}`, run: () => editor.setTool(tool) }));
}

function taskActs({ labelling, surfaces, asking }: PageParts): Act[] {
  const state = () => labelling.state.getState();
  return [
    // Enter closes an open polygon first, then takes what a model answered.
    { id: 'task.submit', run: () => surfaces.commit() || asking?.accept() || void labelling.submit(), isEnabled: () => labelling.open !== null },
    { id: 'task.skip', run: () => void labelling.skip(), isEnabled: () => state().project?.show_skip_button !== false },
    { id: 'task.previous', run: () => void labelling.previous(), isEnabled: () => state().hasPrevious },
    { id: 'task.next', run: () => void labelling.next(), isEnabled: () => state().hasNext },
  ];
}

/** Where a press should move a region rather than a caret or the focus. */
function isOnStage(): boolean {
  const at = document.activeElement;
  return at === null || at === document.body || at.closest('.stage') !== null;
}

function regionActs(editor: Editor, { surfaces }: PageParts): Act[] {
  const ids = () => editor.selection.ids();
  const isSelected = () => ids().size > 0;
  const move = (id: string, dx: number, dy: number): Act => ({
    id: `region.${id}`,
    run: () => editor.nudge(dx, dy),
    isEnabled: () => isSelected() && isOnStage(),
  });
  const step = (by: 1 | -1) => () => {
    const seen = editor.store.all().filter((region) => !region.hidden);
    const at = seen.findIndex((region) => editor.selection.has(region.id));
    const next = seen[at < 0 ? (by === 1 ? 0 : seen.length - 1) : (at + by + seen.length) % seen.length];
    if (!next) return;
    editor.selection.set([next.id]);
    surfaces.focusRegion(next.toName, next.id);
  };
  // Beside the surface Tab is the browser's: it would lead nowhere from the buttons over the picture.
  const hasSurfaceFocus = () => document.activeElement?.closest('.surface') != null;
  return [
    { id: 'region.delete', run: () => editor.remove(ids()), isEnabled: isSelected },
    { id: 'region.next', run: step(1), isEnabled: hasSurfaceFocus },
    { id: 'region.previous', run: step(-1), isEnabled: hasSurfaceFocus },
    { id: 'region.duplicate', run: () => editor.duplicate(ids()), isEnabled: isSelected },
    { id: 'region.select-all', run: () => editor.selection.set(editor.store.all().map((region) => region.id)), isEnabled: () => editor.store.size > 0 },
    { id: 'region.hide', run: () => editor.setHidden(ids(), !every(editor, 'hidden')), isEnabled: isSelected },
    { id: 'region.lock', run: () => editor.setLocked(ids(), !every(editor, 'locked')), isEnabled: isSelected },
    move('left', -1, 0), move('right', 1, 0), move('up', 0, -1), move('down', 0, 1),
    move('far-left', -10, 0), move('far-right', 10, 0), move('far-up', 0, -10), move('far-down', 0, 10),
  ];
}

function every(editor: Editor, flag: 'hidden' | 'locked'): boolean {
  return [...editor.selection.ids()].every((id) => editor.store.get(id)?.[flag] === true);
}

function editActs(editor: Editor, { asking }: PageParts): Act[] {
  return [
    { id: 'history.undo', run: () => editor.history.undo(), isEnabled: () => editor.history.canUndo },
    { id: 'history.redo', run: () => editor.history.redo(), isEnabled: () => editor.history.canRedo },
    { id: 'suggestions.accept-all', run: () => editor.acceptAll() },
    ...(asking ? [{ id: 'suggestions.ask', run: () => asking.toggle() }] : []),
  ];
}

function viewActs(editor: Editor, { labelling, surfaces, showKeys, showPalette, showHistory, showThen, findLabel }: PageParts): Act[] {
  const hasPicture = () => surfaces.pictures.size > 0;
  const hasLabels = () => editor.config.controls.some((control) => control.makes !== 'answer' && control.labels.length > 0);
  return [
    { id: 'label.find', run: findLabel, isEnabled: hasLabels },
    { id: 'view.zoom-in', run: () => surfaces.zoomBy(1.25), isEnabled: hasPicture },
    { id: 'view.zoom-out', run: () => surfaces.zoomBy(0.8), isEnabled: hasPicture },
    { id: 'view.fit', run: () => surfaces.fit(), isEnabled: hasPicture },
    { id: 'page.palette', run: showPalette },
    { id: 'page.history', run: () => (labelling.open?.opening.annotation ? showHistory() : labelling.refuse(t('There is no history yet: you have not submitted this task.'))), isEnabled: () => labelling.open !== null },
    { id: 'page.then', run: showThen, isEnabled: () => labelling.open?.changed?.then != null },
    { id: 'page.keys', run: showKeys },
    { id: 'page.cancel', run: () => letGo(editor, surfaces) },
  ];
}

/** Esc: the shape being drawn, else the selection, else the label taken up. */
function letGo(editor: Editor, surfaces: StageSurfaces): void {
  if (surfaces.cancel()) return;
  if (editor.selection.ids().size > 0) return editor.selection.clear();
  for (const { fromName } of editor.labelState.active) editor.setActiveLabel(fromName, null);
  editor.setTool('select');
}

/** What the key of a label or choice does. */
export function chooseByKey(editor: Editor, fromName: string, value: string): void {
  const control = editor.config.controls.find((item) => item.name === fromName);
  const label = control?.labels.find((item) => item.value === value);
  if (!control || !label) return;
  if (control.makes === 'answer') press(editor, control, label, editor.answer(fromName).includes(value));
  else editor.chooseLabel(fromName, value);
}
