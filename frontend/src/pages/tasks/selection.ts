import type { Chosen } from '../../api/tasks';

/** Which tasks are selected: some, or all but some. Immutable. */
export interface Selection {
  readonly all: boolean;
  /** Selected ids, or with `all` the ids that are let go. */
  readonly ids: ReadonlySet<number>;
}

export const NOTHING: Selection = { all: false, ids: new Set() };
export const EVERYTHING: Selection = { all: true, ids: new Set() };

export const isSelected = (selection: Selection, id: number): boolean => selection.all !== selection.ids.has(id);

export const countSelected = (selection: Selection, total: number): number =>
  selection.all ? Math.max(0, total - selection.ids.size) : selection.ids.size;

export function withTasks(selection: Selection, ids: readonly number[], selected: boolean): Selection {
  const next = new Set(selection.ids);
  for (const id of ids) {
    if (selected === selection.all) next.delete(id);
    else next.add(id);
  }
  return { all: selection.all, ids: next };
}

export const toggled = (selection: Selection, id: number): Selection => withTasks(selection, [id], !isSelected(selection, id));

export const toChosen = (selection: Selection): Chosen =>
  selection.all ? { all: true, excluded: [...selection.ids] } : { all: false, included: [...selection.ids] };
