import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { deleteView, saveView, type TaskSelection, viewsQuery } from '../../api/tasks';
import type { Project, View } from '../../api/types';
import { t } from '../../i18n/words';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import type { Selection } from './selection';

const ExportDialog = lazy(() => import('../export/export-dialog').then((module) => ({ default: module.ExportDialog })));

/** An address holds no more ids than this. */
const MOST_NAMED = 500;
const TITLE = t('What you selected');

/** A view that stands for a selection while it is exported; it is nobody's tab. */
export const isPassing = (view: View): boolean => view.data.isPassing === true;

type Open = { is: 'ids'; ids: number[] } | { is: 'view'; id: number; isOwn: boolean };

/**
 * Opens the export of a selection: by its ids while they are few, else by a private view that stands for it until the
 * dialog closes. `start` is absent for what neither can say.
 */
export function useExportSelection(project: Project, asked: TaskSelection, selection: Selection, view: number | undefined) {
  const [open, setOpen] = useState<Open | null>(null);
  const client = useQueryClient();
  const ids = [...selection.ids];
  const isSaid = selection.all ? ids.length === 0 || asked.conjunction !== 'or' || asked.items.length < 2 : ids.length <= MOST_NAMED;
  const start = async () => {
    if (!selection.all) return setOpen({ is: 'ids', ids });
    if (view !== undefined && ids.length === 0) return setOpen({ is: 'view', id: view, isOwn: false });
    try {
      // Those of dialogs that were left by closing the page.
      const over = (await client.fetchQuery(viewsQuery(project.id))).filter(isPassing);
      await Promise.all(over.map((each) => deleteView(each.id).catch(() => undefined)));
      const left = ids.length > 0 ? [{ filter: 'filter:tasks:id', operator: 'not_in_list', type: 'Number', value: ids }] : [];
      const made = await saveView(project.id, { title: TITLE, isPassing: true, filters: { conjunction: asked.conjunction ?? 'and', items: [...asked.items, ...left] }, ordering: [...asked.ordering] }, true);
      await client.invalidateQueries(viewsQuery(project.id));
      setOpen({ is: 'view', id: made.id, isOwn: true });
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
    }
  };
  const close = () => {
    setOpen(null);
    if (open?.is === 'view' && open.isOwn) void deleteView(open.id).finally(() => client.invalidateQueries(viewsQuery(project.id)));
  };
  const dialog = open && (
    <Suspense fallback={null}>
      <ExportDialog project={project} {...(open.is === 'ids' ? { selected: open.ids } : { openView: open.id })} onClose={close} />
    </Suspense>
  );
  return { start: isSaid ? () => void start() : undefined, dialog };
}
