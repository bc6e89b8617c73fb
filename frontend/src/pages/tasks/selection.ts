import type { Chosen } from '../../api/tasks';

/** Which tasks (or rows of another list) are selected: some, or all but some. Immutable. */
export interface Selection<Id = number> {
  readonly all: boolean;
  /** Selected ids, or with `all` the ids that are let go. */
  readonly ids: ReadonlySet<Id>;
}

export const NOTHING: Selection<never> = { all: false, ids: new Set() };
export const EVERYTHING: Selection<never> = { all: true, ids: new Set() };

export const isSelected = <Id>(selection: Selection<Id>, id: Id): boolean => selection.all !== selection.ids.has(id);

export const countSelected = (selection: Selection<unknown>, total: number): number =>
  selection.all ? Math.max(0, total - selection.ids.size) : selection.ids.size;

export function withTasks<Id>(selection: Selection<Id>, ids: readonly Id[], selected: boolean): Selection<Id> {
  const next = new Set(selection.ids);
  for (const id of ids) {
    if (selected === selection.all) next.delete(id);
    else next.add(id);
  }
  return { all: selection.all, ids: next };
}

export const toggled = <Id>(selection: Selection<Id>, id: Id): Selection<Id> => withTasks(selection, [id], !isSelected(selection, id));

export const toChosen = (selection: Selection): Chosen =>
  selection.all ? { all: true, excluded: [...selection.ids] } : { all: false, included: [...selection.ids] };
