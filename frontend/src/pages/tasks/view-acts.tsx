import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { changeView, deleteView, orderViews, saveView, viewsQuery } from '../../api/tasks';
import type { View, ViewData } from '../../api/types';
import { t } from '../../i18n/words';
import { CopyField } from '../../ui/copy-field';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { dataOf, type Look } from './look';
import { NameView } from './name-view';
import type { Asking } from './use-asking';
import { titleOfView } from './view-tabs';

interface ActsProps {
  project: number;
  asking: Asking;
  look: Look;
  isLookChanged: boolean;
  onForgetLook: () => void;
  /** Whether the person may keep views at all. */
  makes: boolean;
}

/** What a view keeps: the question and how its answer looks. What others wrote into it stays. */
export const viewDataOf = ({ asked, selection }: Asking, look: Look): ViewData => ({
  filters: { conjunction: asked.match, items: [...selection.items] }, ordering: [...selection.ordering], ...dataOf(look),
});

/** Saves what was changed in the open view, or makes a view of what is asked. */
export function ViewActs({ project, asking, look, isLookChanged, onForgetLook, makes }: ActsProps) {
  const { view, asked, openView } = asking;
  const [naming, setNaming] = useState(false);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries(viewsQuery(project));
  const discard = () => {
    onForgetLook();
    openView(view);
  };
  const save = useMutation({
    mutationFn: async () => { if (view) await changeView(view.id, { data: { ...view.data, ...viewDataOf(asking, look) } }); },
    onSuccess: async () => {
      await refresh();
      discard();
      say(t('The view is saved.'));
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const isChanged = view !== undefined && (asking.isChanged || isLookChanged);
  return (
    <>
      {isChanged && makes && <button type="button" className="btn small" disabled={save.isPending} onClick={() => save.mutate()}>{t('Save changes')}</button>}
      {isChanged && <button type="button" className="btn ghost small" onClick={discard}>{t('Discard')}</button>}
      {!view && makes && (asked.filters.length > 0 || asked.sort) && <button type="button" className="btn ghost small wide" onClick={() => setNaming(true)}>{t('Save this view')}</button>}
      {naming && (
        <NameView title={t('Save this view')} button={t('Save view')} onClose={() => setNaming(false)} onSave={async (title, isPrivate) => {
          const made = await saveView(project, { ...viewDataOf(asking, look), title }, isPrivate);
          await refresh();
          openView(made);
        }} />
      )}
    </>
  );
}

/** Name, share, move and delete the open view. */
export function ViewMenu({ project, asking, makes, look }: Pick<ActsProps, 'project' | 'asking' | 'makes' | 'look'>) {
  const { view } = asking;
  const [open, setOpen] = useState<'name' | 'link' | null>(null);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries(viewsQuery(project));
  if (!view) return null;
  return (
    <>
      <Acts project={project} asking={asking} view={view} makes={makes} onRename={() => setOpen('name')} onLink={() => setOpen('link')} refresh={refresh} look={look} />
      {open === 'name' && (
        <NameView title={t('Rename “{name}”', { name: titleOfView(view) })} button={t('Rename')} name={titleOfView(view)} onClose={() => setOpen(null)} onSave={async (title) => { await changeView(view.id, { data: { ...view.data, title } }); await refresh(); }} />
      )}
      {open === 'link' && (
        <Dialog title={t('Link to “{name}”', { name: titleOfView(view) })} onClose={() => setOpen(null)}>
          <CopyField name={t('Address of the view')} value={location.href} />
          <p className="two">{asking.isChanged ? t('It opens for those who may see the project, with your changes to the filters.') : t('It opens for those who may see the project.')}</p>
        </Dialog>
      )}
    </>
  );
}

interface MenuProps extends Pick<ActsProps, 'project' | 'asking' | 'makes' | 'look'> {
  view: View;
  onRename: () => void;
  onLink: () => void;
  refresh: () => Promise<void>;
}

function Acts({ project, asking, view, makes, onRename, onLink, refresh, look }: MenuProps) {
  const ids = asking.views.map((each) => each.id);
  const at = ids.indexOf(view.id);
  const name = titleOfView(view);
  const tried = (act: () => Promise<unknown>) => void act().catch((error: unknown) => say(messageOf(error), { tone: 'bad' }));
  const move = (by: -1 | 1) => tried(async () => {
    const order = ids.filter((id) => id !== view.id);
    order.splice(at + by, 0, view.id);
    await orderViews(project, order);
    await refresh();
  });
  const duplicate = () => tried(async () => {
    const made = await saveView(project, { ...view.data, ...viewDataOf(asking, look), title: t('{name} (copy)', { name }) }, view.is_private ?? false);
    await refresh();
    asking.openView(made);
  });
  const remove = () => tried(async () => {
    await deleteView(view.id);
    asking.openView(undefined);
    await refresh();
    offerUndo(t('The view “{name}” is deleted. Its tasks are untouched.', { name }), async () => {
      const made = await saveView(project, view.data, view.is_private ?? false);
      await orderViews(project, ids.map((id) => (id === view.id ? made.id : id)));
      await refresh();
    });
  });
  const share = () => tried(async () => { await changeView(view.id, { is_private: !view.is_private }); await refresh(); });
  const acts: Record<string, () => void> = { rename: onRename, duplicate, link: onLink, share, left: () => move(-1), right: () => move(1), delete: remove };
  return (
    <MenuTrigger>
      <Button className="btn ghost icon small" aria-label={t('The view {name}', { name })}><Icon name="dots" /></Button>
      <Popover placement="bottom start" className="menu">
        <Menu aria-label={t('The view {name}', { name })} style={{ outline: 'none' }} onAction={(key) => acts[String(key)]?.()}>
          {makes ? <MenuItem id="rename"><Icon name="pencil" />{t('Rename…')}</MenuItem> : null}
          {makes ? <MenuItem id="duplicate"><Icon name="copy" />{t('Duplicate')}</MenuItem> : null}
          {view.is_private ? null : <MenuItem id="link"><Icon name="arrow" />{t('Link to it…')}</MenuItem>}
          {makes && view.is_private !== undefined ? <MenuItem id="share"><Icon name={view.is_private ? 'eye' : 'lock'} />{view.is_private ? t('Share with everybody in the project') : t('Only for me')}</MenuItem> : null}
          {makes && at > 0 ? <MenuItem id="left"><Icon name="left" />{t('Move left')}</MenuItem> : null}
          {makes && at < ids.length - 1 ? <MenuItem id="right"><Icon name="right" />{t('Move right')}</MenuItem> : null}
          {makes ? <Separator /> : null}
          {makes ? <MenuItem id="delete" className="danger"><Icon name="trash" />{t('Delete this view')}</MenuItem> : null}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
