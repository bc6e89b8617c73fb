import { plural, t } from '../../i18n/words.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { tasksAddress } from './header.tsx';
import type { Labelling, Scene } from './labelling.ts';

/** What stands in place of a task. */
export function SceneView({ scene, labelling }: { scene: Exclude<Scene, { kind: 'task' }>; labelling: Labelling }) {
  const { hasPrevious } = useStore(labelling.state); // all of it: what waits to be sent is told with every change
  if (scene.kind === 'loading') return <Loading />;
  if (scene.kind === 'failed') return <Failed labelling={labelling} scene={scene} />;
  if (scene.kind === 'waiting') return <Waiting labelling={labelling} hasPrevious={hasPrevious} />;
  return <Done labelling={labelling} hasPrevious={hasPrevious} unsent={labelling.outbox?.state.unsent ?? 0} />;
}

/** The shape of what comes. */
function Loading() {
  return (
    <main className="stage" data-testid="stage" aria-busy="true" aria-label={t('Loading the task')}>
      <div className="pane-skel skel" />
      <div className="palette ghosts" aria-hidden="true"><span className="skel" /><span className="skel" /><span className="skel" /></div>
    </main>
  );
}

function Blank({ icon, title, children, acts }: { icon: IconName; title: string; children: ReactNode; acts: ReactNode }) {
  return (
    <main className="stage blank" data-testid="stage">
      <div className="empty">
        <span className="art"><Icon name={icon} size={28} /></span>
        <h2>{title}</h2>
        {children}
        <div className="acts">{acts}</div>
      </div>
    </main>
  );
}

function Done({ labelling, hasPrevious, unsent }: { labelling: Labelling; hasPrevious: boolean; unsent: number }) {
  return (
    <Blank
      icon="check"
      title={t('Nothing left for you to label')}
      acts={
        <>
          <a className="btn primary" href={tasksAddress(labelling)}>{t('See the tasks')}</a>
          {hasPrevious && <button type="button" className="btn" onClick={() => void labelling.previous()}>{t('Look at your last one again')}</button>}
          <button type="button" className="btn ghost" onClick={() => void labelling.next()}>{t('Ask for more')}</button>
        </>
      }
    >
      <p data-testid="done">{t('Go to the tasks to check or export what was done, or to open one that you skipped. Or ask again: others may give tasks back.')}</p>
      {unsent > 0 && <p className="two">{plural(unsent, 'One save is still on the way to the server.', '{n} saves are still on the way to the server.')}</p>}
    </Blank>
  );
}

function Waiting({ labelling, hasPrevious }: { labelling: Labelling; hasPrevious: boolean }) {
  return (
    <Blank
      icon="clock"
      title={t('The next task comes when the network is back')}
      acts={
        <>
          <button type="button" className="btn primary" onClick={() => void labelling.tryAgain()}>{t('Try again now')}</button>
          {hasPrevious && <button type="button" className="btn" onClick={() => void labelling.previous()}>{t('Go back one')}</button>}
        </>
      }
    >
      <p>{t('Everything you did is kept in this browser and will be sent by itself.')}</p>
    </Blank>
  );
}

function Failed({ labelling, scene }: { labelling: Labelling; scene: Extract<Scene, { kind: 'failed' }> }) {
  return (
    <Blank
      icon="warn"
      title={scene.title}
      acts={
        <>
          <button type="button" className="btn primary" onClick={() => void labelling.start()}>{t('Try again')}</button>
          <a className="btn" href={tasksAddress(labelling)}>{t('Back to tasks')}</a>
        </>
      }
    >
      <p role="alert">{scene.message}</p>
    </Blank>
  );
}
