import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { changeRunView, deleteRunView, runViewsQuery, type RunView, saveRunView } from '../../api/tracking';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { NameView } from '../tasks/name-view';
import { plainLook, type RunAsking } from './use-run-asking';

interface ViewsProps {
  workspace: number;
  /** The experiment that the views are of. */
  experiment: string;
  views: readonly RunView[];
  asking: RunAsking;
  makes: boolean;
}

/** The runs that are kept, those that are deleted, and the saved views, side by side. */
export function RunViews(props: ViewsProps) {
  const { views, asking } = props;
  const { look, view, open, change, isChanged } = asking;
  const usual = [['All', undefined], ['Deleted', 'deleted']] as const;
  return (
    <>
      <span className="seg views" role="group" aria-label="Selections">
        {usual.map(([name, which]) => <button key={name} type="button" className={!view && look.which === which ? 'on' : ''} aria-pressed={!view && look.which === which} onClick={() => { if (view) open(undefined); else change({ which }); }}>{name}</button>)}
        {views.map((each) => (
          <button key={each.id} type="button" className={each.id === view?.id ? 'on' : ''} aria-pressed={each.id === view?.id} onClick={() => open(each)}>
            {!each.is_shared && <span title="Only you see this view"><Icon name="lock" size={12} /></span>}{each.name}{each.id === view?.id && isChanged && <span className="changed-dot" title="Changed, not saved"><span className="unseen"> (changed)</span></span>}
          </button>
        ))}
      </span>
      <ViewActs {...props} />
    </>
  );
}

function ViewActs({ workspace, experiment, asking, makes }: ViewsProps) {
  const { look, view, isChanged, open } = asking;
  const [naming, setNaming] = useState<'new' | 'rename' | null>(null);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries(runViewsQuery(workspace, experiment));
  const tried = (act: () => Promise<unknown>) => void act().catch((error: unknown) => say(messageOf(error), { tone: 'bad' }));
  const state = plainLook(look);
  const isAsking = Object.keys(state).length > 0;
  const save = (of: RunView) => tried(async () => { await changeRunView(of.id, { state }); await refresh(); say('The view is saved.'); });
  const remove = (of: RunView) => tried(async () => {
    await deleteRunView(of.id);
    open(undefined);
    await refresh();
    offerUndo(`The view “${of.name}” is deleted. Its runs are untouched.`, async () => { await saveRunView(workspace, experiment, { name: of.name, is_shared: of.is_shared, state: of.state }); await refresh(); });
  });
  const share = (of: RunView) => tried(async () => { await changeRunView(of.id, { is_shared: !of.is_shared }); await refresh(); });
  const mine = view?.is_own === true;
  return (
    <>
      {view && isChanged && mine && <button type="button" className="btn small" onClick={() => save(view)}>Save changes</button>}
      {view && isChanged && <button type="button" className="btn ghost small" onClick={() => open(view)}>Discard</button>}
      {!view && isAsking && <button type="button" className="btn ghost small wide" onClick={() => setNaming('new')}>Save this view</button>}
      {view && mine && (
        <MenuTrigger>
          <Button className="btn ghost icon small" aria-label={`The view ${view.name}`}><Icon name="dots" /></Button>
          <Popover placement="bottom start" className="menu">
            <Menu aria-label={`The view ${view.name}`} style={{ outline: 'none' }} onAction={(key) => ({ rename: () => setNaming('rename'), share: () => share(view), delete: () => remove(view) } as Record<string, () => void>)[String(key)]?.()}>
              <MenuItem id="rename"><Icon name="pencil" />Rename…</MenuItem>
              {makes ? <MenuItem id="share"><Icon name={view.is_shared ? 'lock' : 'eye'} />{view.is_shared ? 'Only for me' : 'Share with the workspace'}</MenuItem> : null}
              <Separator />
              <MenuItem id="delete" className="danger"><Icon name="trash" />Delete this view</MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      )}
      {naming === 'new' && <NameView title="Save this view" button="Save view" onClose={() => setNaming(null)} audience={makes ? 'everybody in the workspace' : null} onSave={async (name, isPrivate) => { const made = await saveRunView(workspace, experiment, { name, is_shared: !isPrivate, state }); await refresh(); open({ ...made, state }); }} />}
      {naming === 'rename' && view && <NameView title={`Rename “${view.name}”`} button="Rename" name={view.name} onClose={() => setNaming(null)} onSave={async (name) => { await changeRunView(view.id, { name }); await refresh(); }} />}
    </>
  );
}
